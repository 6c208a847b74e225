// Against a file of tensorboardX (tests/golden/formats) and the checksums of RFC 3720, B.4.
#include "espalier/format/tfevents.h"

#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

TEST(Tfevents, ChecksumsAreThoseOfTheStandard) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Tfevents, RecordsAreThoseOfTensorboardX) {
  std::string expected = read_file(format_golden("reference.tfevents"));
  std::string ours =
      event_record(version_event(1700000000.25)) + event_record(start_event(1700000001.5, 300)) +
      event_record(scalar_event(
          1700000002.75, 12345678901,
          {{"loss/train", 1.25}, {"genauigkeit/prüfung " + std::string(200, 'x'), -0.1}}));
  EXPECT_EQ(ours, expected);
}

TEST(Tfevents, FileGrowsRecordByRecord) {
  fs::path folder = fs::path(testing::TempDir()) / "espalier_events";
  fs::remove_all(folder);
  EventFile events(folder);
  EventFile other(folder);
  EXPECT_NE(events.path(), other.path());
  EXPECT_TRUE(events.path().filename().string().starts_with("events.out.tfevents."));
  auto version = fs::file_size(events.path());
  EXPECT_EQ(version, event_record(version_event(1)).size());
  events.add(1, {{"loss", 0.5}});
  auto one = fs::file_size(events.path());
  EXPECT_EQ(one - version, event_record(scalar_event(1, 1, {{"loss", 0.5}})).size());
  events.add(2, {{"loss", 0.25}});
  EXPECT_EQ(fs::file_size(events.path()) - one, one - version);
  EventFile resumed(folder, 2);
  EXPECT_EQ(fs::file_size(resumed.path()), version + event_record(start_event(1, 2)).size());
  fs::remove_all(folder);
}

TEST(Tfevents, ALaterFileSortsBehindTheOnesThatAreThere) {
  fs::path folder = fs::path(testing::TempDir()) / "espalier_events_order";
  fs::remove_all(folder);
  fs::path future =
      folder / "events.out.tfevents.4102444800.zebra.9";  // the clock was set back since
  write_file_atomic(future, "");
  EventFile first(folder), second(folder);
  EXPECT_LT(future, first.path());
  EXPECT_LT(first.path(), second.path());
  fs::remove_all(folder);
}

TEST(Tfevents, SaysWhereItCannotWrite) {
  fs::path file = fs::path(testing::TempDir()) / "espalier_no_folder";
  write_file_atomic(file, "");
  expect_error([&] { EventFile events(file / "below"); }, Kind::io, "espalier_no_folder");
  fs::remove(file);
}

}  // namespace
}  // namespace espalier
