# What ./espalier, ./test and .ci/run share: what is missing is installed, fetched and built.
# Sourced with bash, with the repository as working directory. All words go to standard error.

set -euo pipefail
torch_version=2.13.0
onednn_version=2023.2.0
mkdir -p build

say() { printf 'espalier: %s\n' "$*" >&2; }
stop() { say "$*"; exit 2; }

# From here on one process of the repository installs and builds at a time. The lock ends with the process
# (`exec 9>&-` gives it back earlier).
take_lock() {
  exec 9>build/lock
  flock -n 9 || { say "waiting for another build of this repository"; flock 9; }
}

# install_packages GROUP...: the missing ones of these groups of scripts/debian-packages.txt.
install_packages() {
  local groups=" $* " installed group name missing=() sudo=()
  installed=" $(dpkg-query -W -f '${Package}:${db:Status-Status} ' 2>/dev/null || true)"
  while read -r group name; do
    if [[ $groups == *" $group "* && $installed != *" $name:installed "* ]]; then missing+=("$name"); fi
  done <scripts/debian-packages.txt
  ((${#missing[@]})) || return 0
  if ! command -v apt-get >/dev/null; then
    say "not a Debian system; going on without checking for the like of: ${missing[*]}"
    return 0
  fi
  if ((EUID)); then
    sudo -n true 2>/dev/null || stop "packages are missing; run this line, then try again:
sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    sudo=(sudo -n)
  fi
  say "installing ${missing[*]}"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
  if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    </dev/null >build/packages.log 2>&1; then
    tail -n 20 build/packages.log >&2
    stop "the packages could not be installed; the whole log is build/packages.log"
  fi
}

# A Python whose pip works: the one on the path may be a bare one of somebody's own.
find_python() {
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then return; fi
  done
  stop "python3 with pip is needed to fetch LibTorch (Debian: apt-get install python3-pip)"
}

fetch_torch() {
  if [[ -n ${ESPALIER_TORCH-} || -d .deps/libtorch-$torch_version ]]; then return; fi
  find_python
  "$python" scripts/fetch_libtorch.py "$torch_version" ".deps/libtorch-$torch_version" || exit 2
}

# Without oneDNN all works, exported networks slower.
fetch_onednn() {
  if [[ -n ${ESPALIER_ONEDNN-} || -d .deps/onednn-$onednn_version ]]; then return; fi
  find_python
  "$python" scripts/fetch_onednn.py "$onednn_version" ".deps/onednn-$onednn_version" ||
    say "no oneDNN: exported networks will run on LibTorch's kernels, which is slower"
}

# Compilers at once: a unit with LibTorch's headers takes up to 1.5 GB.
count_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
  if ((gigabytes < cores)); then cores=$((gigabytes > 1 ? gigabytes : 1)); fi
  echo "$cores"
}

# Of Ninja's lines the newest on a terminal, one in 20 seconds elsewhere.
show_progress() {
  local line shown=$SECONDS
  while IFS= read -r line; do
    [[ $line == "["* ]] || continue
    if [[ -t 2 ]]; then
      printf '\r\e[K%.79s' "$line" >&2
    elif ((SECONDS - shown >= 20)); then
      shown=$SECONDS
      printf '%.99s\n' "$line" >&2
    fi
  done
  if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
}

# build PRESET TARGET: configures and builds; the last words of the log when that fails.
build() {
  local log=build/$1.log fresh=() began=$SECONDS
  say "building (preset $1; log: $log)"
  # A build folder that was made for another place cannot be used again.
  if [[ -f build/$1/CMakeCache.txt ]] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "build/$1/CMakeCache.txt"; then
    fresh=(--fresh)
  fi
  if ! cmake --preset "$1" "${fresh[@]}" -DESPALIER_TORCH="${ESPALIER_TORCH-}" \
    -DESPALIER_ONEDNN="${ESPALIER_ONEDNN-}" </dev/null >"$log" 2>&1 ||
    ! cmake --build "build/$1" --target "$2" -j "$(count_jobs)" </dev/null 2>&1 |
      tee -a "$log" | show_progress; then
    tail -n 40 "$log" >&2
    stop "the build failed; the whole log is $log"
  fi
  say "built in $((SECONDS - began)) s"
}
