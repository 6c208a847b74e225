// eval --diagnose of a network: what is said without training it again.
#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

class DiagnoseCommand : public Command {};

TEST_F(DiagnoseCommand, ANetworkIsDiagnosedOnItsFeatures) {
  ASSERT_EQ(run(train_words("run")).code, 0);
  const Outcome outcome =
      run({"eval", "run", "--diagnose", "--diagnose-rows", "150", "--json", "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json result = last_json(outcome), diagnosis = result["diagnosis"];
  EXPECT_EQ(diagnosis["rows"], 150);
  EXPECT_EQ(diagnosis["rows_of"], 200);
  EXPECT_NEAR(diagnosis["held_out"].get<double>(), result["accuracy"].get<double>(), 1e-6);
  EXPECT_NEAR(diagnosis["learning_curve"]["points"].back()["rows"].get<double>(), 120, 12);
  EXPECT_EQ(diagnosis["shift"]["asked_rows"], 80);
  EXPECT_EQ(diagnosis["shift"]["train_rows"], 40);  // those of validation stand for them
  EXPECT_EQ(diagnosis["leaks"]["asked_rows"], 80);
  EXPECT_EQ(diagnosis["noise"]["rows"], 80);
  std::string not_run;
  for (const auto& one : diagnosis["not_run"]) not_run += one["part"].get<std::string>() + ";";
  for (const char* part : {"simpler and more complex networks", "learning curve of the whole"})
    EXPECT_NE(not_run.find(part), std::string::npos) << not_run;
  const std::string page = read_file(root_ / "run/diagnosis.html");
  for (const char* part : {"pictures", "Suspect labels", "the curve is of its last layer"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace espalier
