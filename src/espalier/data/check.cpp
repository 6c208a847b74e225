#include "espalier/data/check.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <unordered_map>

#include "espalier/core/error.h"
#include "espalier/core/parallel.h"
#include "espalier/data/idx_set.h"
#include "espalier/format/jpeg.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

// Where the pictures come from; `root` is empty when they are not files.
struct Source {
  fs::path root;
  std::unordered_map<std::string, const ImageIndex::Item*> items;  // by id
};

void add_part(DataCheck& check,
              const std::string& name,
              const DatasetPtr& data,
              const Source& source) {
  if (!data) return;
  DataCheck::Part part{.name = name, .data = data, .per_class = {}};
  part.per_class.resize(check.class_names.size());
  part.pictures = data->size();
  for (int64_t i = 0; i < data->size(); ++i) {
    CheckedPicture picture{.id = data->id(i),
                           .part = check.parts.size(),
                           .index = static_cast<size_t>(i),
                           .classes = {},
                           .failure = {}};
    if (const auto item = source.items.find(picture.id); item != source.items.end())
      picture.classes = item->second->classes;
    else if (data->label(i) >= 0)
      picture.classes = {data->label(i)};
    for (int64_t id : picture.classes) ++part.per_class.at(static_cast<size_t>(id));
    part.unlabelled += picture.classes.empty();
    check.pictures.push_back(std::move(picture));
  }
  check.parts.push_back(std::move(part));
}

void add_splits(DataCheck& check, const Splits& splits, const Source& source) {
  check.class_names = splits.class_names;
  check.description = splits.description;
  check.multi_label = splits.multi_label;
  add_part(check, "train", splits.train, source);
  add_part(check, "val", splits.val, source);
  add_part(check, "test", splits.test, source);
}

// As the index has them, when training would not take them.
void add_index(DataCheck& check, const ImageIndex& index, const Source& source) {
  check.class_names = index.class_names;
  check.description = index.kind + " " + check.where;
  check.multi_label = index.multi_label;
  for (const ImageIndex::Part& part : index.parts)
    add_part(check, part.name.empty() ? "all" : part.name, make_dataset(index, part), source);
  if (check.pictures.empty()) fail(Kind::data, "no pictures (jpg, jpeg, png) in {}", check.where);
}

uint64_t content_hash(std::string_view bytes) {
  return std::hash<std::string_view>()(bytes);
}

// What is read of a file: its size as shown, and a small picture for the fingerprint.
Image look_at_file(const fs::path& file, CheckedPicture& picture, PictureFacts& facts) {
  const std::string bytes = read_file(file);
  facts.content = content_hash(bytes);
  facts.bytes = bytes.size();
  Image image = decode_image(bytes, {.min_side = kFingerprintSide});
  picture.width = image.width, picture.height = image.height;
  if (bytes.starts_with("\xff\xd8")) {
    const JpegHeader header = parse_jpeg_header(bytes);
    picture.width = header.width, picture.height = header.height;
    if (header.orientation > 4) std::swap(picture.width, picture.height);
  }
  return image;
}

Image look_at_sample(const Dataset& data, CheckedPicture& picture, PictureFacts& facts) {
  Image image = data.read(static_cast<int64_t>(picture.index)).image;
  picture.width = image.width, picture.height = image.height;
  facts.content =
      content_hash({reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()});
  facts.bytes = image.pixels.size();
  return image;
}

std::vector<PictureFacts> look_at_all(DataCheck& check, const Source& source, int64_t workers) {
  std::vector<PictureFacts> facts(check.pictures.size());
  Progress progress("checking", static_cast<int64_t>(facts.size()), "img");
  parallel_for(static_cast<int64_t>(facts.size()), workers, progress, [&](int64_t i) {
    CheckedPicture& picture = check.pictures[static_cast<size_t>(i)];
    PictureFacts& fact = facts[static_cast<size_t>(i)];
    try {
      const Image image = source.root.empty()
                              ? look_at_sample(*check.parts[picture.part].data, picture, fact)
                              : look_at_file(source.root / picture.id, picture, fact);
      fact.print = fingerprint(image);
    } catch (const Error& error) {
      if (error.kind() == Kind::internal) throw;
      picture.failure = error.what();
    }
  });
  return facts;
}

bool is_train(const DataCheck& check, size_t i) {
  const std::string& name = check.parts[check.pictures[i].part].name;
  return name == "train";
}

void find_copies(DataCheck& check, const std::vector<PictureFacts>& facts, bool near) {
  std::vector<const PictureFacts*> readable(facts.size());
  for (size_t i = 0; i < facts.size(); ++i)
    if (!check.pictures[i].broken()) readable[i] = &facts[i];
  for (DuplicateGroup& group : find_duplicates(readable, near)) {
    DataCheck::Copies copies{.members = std::move(group.members), .exact = group.exact};
    const CheckedPicture& first = check.pictures[copies.members[0]];
    bool in_train = false, elsewhere = false;
    for (size_t i : copies.members) {
      (is_train(check, i) ? in_train : elsewhere) = true;
      copies.conflict |= check.pictures[i].classes != first.classes;
    }
    copies.leak = in_train && elsewhere;
    check.copies.push_back(std::move(copies));
  }
  const auto rank = [](const DataCheck::Copies& c) {
    return (c.leak ? 0 : c.conflict ? 2 : 4) + (c.exact ? 0 : 1);
  };
  std::stable_sort(check.copies.begin(), check.copies.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

}  // namespace

Fields fields(CheckConfig& config) {
  return {field("workers", config.workers, "threads that read pictures").between(1, 256),
          field("near", config.near, "also look for near copies: encoded or scaled anew")};
}

int64_t DataCheck::broken() const {
  return std::count_if(pictures.begin(), pictures.end(),
                       [](const CheckedPicture& one) { return one.broken(); });
}

int64_t DataCheck::leaked() const {
  int64_t count = 0;
  for (const Copies& group : copies)
    for (size_t i : group.members) count += group.leak && !is_train(*this, i);
  return count;
}

std::vector<DataCheck::Absence> DataCheck::absences() const {
  std::vector<Absence> all;
  for (size_t c = 0; c < class_names.size(); ++c) {
    Absence one{.id = static_cast<int64_t>(c), .parts = {}};
    for (const Part& part : parts)
      if (part.per_class[c] == 0) one.parts.push_back(part.name);
    if (!one.parts.empty()) all.push_back(std::move(one));
  }
  return all;
}

double DataCheck::imbalance() const {
  int64_t least = 0, most = 0;
  for (int64_t count : parts.at(0).per_class) {
    most = std::max(most, count);
    if (count > 0) least = least == 0 ? count : std::min(least, count);
  }
  return least == 0 ? 0 : static_cast<double>(most) / static_cast<double>(least);
}

bool DataCheck::harmful() const {
  const auto bad = [](const Copies& group) { return group.leak || group.conflict; };
  return !refusal.empty() || broken() > 0 || std::any_of(copies.begin(), copies.end(), bad);
}

DataCheck check_data(const std::string& where,
                     const SplitConfig& split,
                     const CheckConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  DataCheck check{.where = where, .class_names = {}};
  Source source;
  ImageIndex index;
  std::error_code ignored;
  const bool idx = fs::is_directory(where, ignored) && holds_idx_set(where);
  if (idx || !fs::exists(where, ignored)) {
    add_splits(check, open_splits(where, split), source);
  } else {
    index = read_image_index(where);
    check.notes = index.left_out;
    source.root = index.root;
    for (const ImageIndex::Part& part : index.parts)
      for (const ImageIndex::Item& item : part.items) source.items[item.file] = &item;
    try {
      add_splits(check, split_index(index, where, split), source);
    } catch (const Error& error) {
      check.refusal = error.what();
      add_index(check, index, source);
    }
  }
  const std::vector<PictureFacts> facts = look_at_all(check, source, config.workers);
  for (const CheckedPicture& picture : check.pictures)
    check.parts[picture.part].broken += picture.broken();
  find_copies(check, facts, config.near);
  check.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return check;
}

}  // namespace espalier
