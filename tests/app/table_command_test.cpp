// Tables through the binary: trained, scored, predicted, reported, and refused.
#include <cmath>

#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

// Two kinds told apart by size; colour says nothing; a few cells are missing. `word` is a colour that only some tables have.
std::string flowers(int rows, int from, const std::string& word = "red") {
  std::string text = "size,colour,kind\n";
  for (int i = from; i < from + rows; ++i) {
    const bool big = i % 3 == 0;
    const std::string size =
        i % 17 == 0 ? "" : fmt::format("{}", (big ? 5.0 : 2.0) + (i * 7919 % 100) / 100.0);
    text += fmt::format("{},{},{}\n", size, i % 2 ? "blue" : word, big ? "\"rose, big\"" : "daisy");
  }
  return text;
}

class TableCommand : public Command {
 protected:
  void write(const std::string& name, const std::string& text) {
    write_file_atomic(root_ / name, text);
  }
  std::vector<std::string> train(const std::string& model, const std::string& out) {
    return {"train",   "table", "--data", "t.csv", "--target", "kind",
            "--model", model,   "--out",  out,     "--json",   "--quiet"};
  }
};

TEST_F(TableCommand, ATableIsLearnedScoredPredictedAndReported) {
  write("t.csv", flowers(300, 0));
  write("u.csv", flowers(90, 300));
  for (const std::string model : {"naive-bayes", "logistic"}) {
    SCOPED_TRACE(model);
    std::vector<std::string> words = train(model, model);
    words.insert(words.end(), {"--cv", "5"});
    const Outcome trained = run(words);
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_GT(last_json(trained)["validation"]["accuracy"]["value"], 0.9);
    EXPECT_EQ(last_json(trained)["folds"].size(), 5u);
    EXPECT_EQ(last_json(trained)["rows"], 300);

    const Outcome scored = run({"eval", model, "--data", "u.csv", "--json", "--quiet"});
    ASSERT_EQ(scored.code, 0) << scored.err;
    const double accuracy = last_json(scored)["accuracy"];
    EXPECT_GT(accuracy, 0.9);
    EXPECT_EQ(last_json(scored)["rows"], 90);

    const Outcome predicted =
        run({"predict", model, "u.csv", "--out", "v.csv", "--probabilities", "--quiet"});
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    const std::string answers = read_file(root_ / "v.csv");
    EXPECT_TRUE(answers.starts_with(
        "size,colour,kind,predicted kind,probability,p(daisy),\"p(rose, big)\"\n"))
        << answers.substr(0, 200);
    int right = 0, rows = 0;
    for (size_t at = answers.find('\n') + 1; at < answers.size();
         at = answers.find('\n', at) + 1, ++rows) {
      const std::string line = answers.substr(at, answers.find('\n', at) - at);
      const bool rose = line.find(",\"rose, big\",") != std::string::npos;
      right += rose ? line.find("\"rose, big\",\"rose, big\"") != std::string::npos
                    : line.find(",daisy,daisy,") != std::string::npos;
    }
    EXPECT_EQ(rows, 90);
    EXPECT_NEAR(right / 90.0, accuracy, 1e-9);
    EXPECT_EQ(run({"predict", model, "u.csv", "--probabilities", "--threads", "1", "--quiet"}).out,
              answers);

    const std::string page = read_file(root_ / model / "report.html");
    EXPECT_GT(last_json(scored)["auc"].get<double>(), 0.9);
    EXPECT_EQ(last_json(scored)["auc_interval"].size(), 2u);
    for (const char* words : {"rose, big", "Accuracy", "300 rows", "validation rows",
                              "Means over 5 folds", "How well it ranks", "AUC"})
      EXPECT_NE(page.find(words), std::string::npos) << words;
    for (const char* words : {"validation images", "training log", "Not exported"})
      EXPECT_EQ(page.find(words), std::string::npos) << words;
  }
}

TEST_F(TableCommand, NumbersAreRegressedAndColumnsComeBack) {
  std::string text = "x;z;y\r\n";
  for (int i = 0; i < 60; ++i)
    text += fmt::format("{};{};{}\r\n", i, i * i % 7, 3 * i - 2 * (i * i % 7) + 0.5);
  write("t.csv", text);
  const Outcome trained = run({"train", "table", "--data", "t.csv", "--target", "y", "--model",
                               "linear", "--holdout", "0.25", "--out", "run", "--json", "--quiet"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_NEAR(last_json(trained)["validation"]["r2"]["value"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(last_json(trained)["fit"]["coefficients"][1]["coefficient"].get<double>(), -2, 1e-9);
  const std::string page = read_file(root_ / "run/report.html");
  for (const char* words : {"What was fitted to y", "Standard error", "R²", "cholesky"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  const Outcome predicted = run({"predict", "run", "t.csv", "--quiet"});
  EXPECT_TRUE(predicted.out.starts_with("x;z;y;predicted y\n")) << predicted.out;
  const Outcome scored = run({"eval", "run", "--data", "t.csv", "--json", "--quiet"});
  EXPECT_NEAR(last_json(scored)["rmse"].get<double>(), 0, 1e-9);
}

TEST_F(TableCommand, WhyItIsNotBetterIsDiagnosedTheSameForAnyNumberOfThreads) {
  write("t.csv", flowers(300, 0));
  ASSERT_EQ(run(train("naive-bayes", "run")).code, 0);
  const auto diagnosed = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"eval", "run", "--diagnose", "--json", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    nlohmann::json result = last_json(outcome);
    result["diagnosis"].erase("seconds");
    return result;
  };
  const nlohmann::json one = diagnosed({"--threads", "1"}), two = diagnosed({"--threads", "2"});
  EXPECT_EQ(one, two);
  EXPECT_EQ(one["diagnosis"]["rows"], 240);
  EXPECT_EQ(one["diagnosis"]["shift"]["asked_rows"], 60);
  EXPECT_FALSE(one.contains("accuracy"));
  const std::string page = read_file(root_ / "run/diagnosis.html"),
                    verdict = one["diagnosis"]["verdict"];
  for (const std::string& part :
       {verdict.substr(1), std::string("Accuracy by number of rows"), std::string("as it is"),
        std::string("a random forest"), std::string("Suspect labels"), std::string("Not run")})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(nlohmann::json::parse(read_file(root_ / "run/diagnosis.json"))["verdict"], verdict);

  write("u.csv", flowers(90, 300));
  const nlohmann::json asked = diagnosed({"--data", "u.csv", "--diagnose-rows", "200"});
  EXPECT_EQ(asked["diagnosis"]["shift"]["asked_rows"], 90);
  EXPECT_EQ(asked["diagnosis"]["rows"], 200);
  EXPECT_EQ(asked["diagnosis"]["rows_of"], 240);
  EXPECT_GT(asked["accuracy"], 0.9);
  expect_refused({"eval", "run", "--diagnose", "--time", "colour"}, 3,
                 "column 'colour' holds neither numbers nor dates");
  fs::rename(root_ / "t.csv", root_ / "gone.csv");
  expect_refused({"eval", "run", "--diagnose"}, 2, "was trained on t.csv, which is not there");
}

TEST_F(TableCommand, TwoModelsAreComparedOnTheSameRows) {
  // `half` is told by size alone for one row in two; a tree of one leaf knows only the commoner kind.
  write("t.csv", flowers(300, 0));
  write("u.csv", flowers(120, 300));
  ASSERT_EQ(run(train("logistic", "good")).code, 0);
  std::vector<std::string> words = train("tree", "bad");
  words.insert(words.end(), {"--max-depth", "1", "--min-samples-leaf", "200"});
  ASSERT_EQ(run(words).code, 0);

  // The rows that both held out, then a table that both are asked anew.
  for (const std::vector<std::string>& asked :
       {std::vector<std::string>{"--split", "val"}, {"--data", "u.csv", "--out", "page.html"}}) {
    std::vector<std::string> compare = {"compare", "good", "bad", "--json", "--quiet"};
    compare.insert(compare.end(), asked.begin(), asked.end());
    const Outcome compared = run(compare);
    ASSERT_EQ(compared.code, 0) << compared.err;
    const nlohmann::json result = last_json(compared);
    EXPECT_EQ(result["winner"], "first");
    EXPECT_GT(result["scores"]["accuracy"]["low"].get<double>(), 0);
    EXPECT_LT(result["mcnemar"]["mid_p"].get<double>(), 0.01);
    EXPECT_EQ(result["scores"]["auc"]["test"], "DeLong");
    EXPECT_NEAR(result["scores"]["auc"]["second"].get<double>(), 0.5, 1e-12);
    EXPECT_NE(result["verdict"].get<std::string>().find("good is better"), std::string::npos);
  }
  const std::string page = read_file(root_ / "page.html");
  for (const char* part : {"good is better", "Where they disagree", "McNemar", "on u.csv"})
    EXPECT_NE(page.find(part), std::string::npos) << part;

  // Kept answers are used, and are those of eval.
  ASSERT_EQ(run({"eval", "good", "--data", "u.csv", "--quiet"}).code, 0);
  expect_refused({"compare", "good", "bad"}, 2, "bad: no answers are kept of the test split");
  write("v.csv", flowers(121, 300));
  ASSERT_EQ(run({"eval", "bad", "--data", "v.csv", "--quiet"}).code, 0);
  expect_refused({"compare", "good", "bad"}, 3, "only one answered the sample 122");
  const std::string kept = read_file(root_ / "good/eval-test.csv");
  EXPECT_TRUE(kept.starts_with("id,truth,predicted,\"p(rose, big)\"\n2,\"rose, big\"")) << kept;
  write("good/eval-test.csv", kept.substr(0, kept.size() - 5) + "x\n");
  expect_refused({"compare", "good", "good"}, 4, "eval-test.csv: line 121");
}

TEST_F(TableCommand, RegressionsAreComparedByTheirErrors) {
  std::string text = "x,z,y\n";
  for (int i = 0; i < 200; ++i)
    text += fmt::format("{},{},{}\n", i % 13, i * i % 7, 3 * (i % 13) + (i * 7919 % 10) / 10.0);
  write("t.csv", text);
  for (const std::string model : {"linear", "knn"}) {
    std::vector<std::string> words = train(model, model);
    words[5] = "y";
    words.insert(words.end(), {"--goal", "regress"});
    ASSERT_EQ(run(words).code, 0);
  }
  const Outcome compared = run({"compare", "knn", "linear", "--split", "val", "--json", "--quiet"});
  ASSERT_EQ(compared.code, 0) << compared.err;
  const nlohmann::json result = last_json(compared);
  EXPECT_EQ(result["samples"], 40);
  EXPECT_FALSE(result.contains("mcnemar"));
  for (const char* name : {"rmse", "mae"}) {
    const nlohmann::json& score = result["scores"][name];
    EXPECT_NEAR(score["difference"].get<double>(),
                score["first"].get<double>() - score["second"].get<double>(), 1e-12);
    EXPECT_LE(score["low"], score["high"]);
  }
  const Outcome plain = run({"compare", "knn", "linear", "--split", "val", "--quiet"});
  EXPECT_NE(plain.out.find("paired bootstrap"), std::string::npos) << plain.out;
}

TEST_F(TableCommand, NoRowsAreAnsweredWithTheHeader) {
  write("t.csv", flowers(60, 0));
  write("empty.csv", "size,colour,kind\n");
  ASSERT_EQ(run(train("naive-bayes", "run")).code, 0);
  ASSERT_EQ(
      run({"train", "table", "--data", "t.csv", "--model", "pca", "--out", "pca", "--quiet"}).code,
      0);
  EXPECT_EQ(run({"predict", "run", "empty.csv", "--quiet"}).out,
            "size,colour,kind,predicted kind,probability\n");
  EXPECT_TRUE(
      run({"predict", "pca", "empty.csv", "--quiet"}).out.starts_with("size,colour,kind,pca1,"));
}

TEST_F(TableCommand, WhatCannotBeLearnedOrAnsweredIsRefusedWithItsPlace) {
  write("t.csv", flowers(60, 0));
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& part) {
    std::vector<std::string> words = {"train", "table", "--out", "no", "--force", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    expect_refused(words, code, part);
  };
  refused({"--data", "t.csv", "--target", "knid"}, 3,
          "there is no column 'knid' (did you mean 'kind'?)");
  refused({"--data", "t.csv"}, 2, "--target names the column");
  refused({"--data", "none.csv", "--target", "kind"}, 4, "none.csv does not exist");
  refused({"--data", "t.csv", "--target", "kind", "--model", "logistc"}, 2,
          "did you mean logistic?");
  refused({"--data", "t.csv", "--target", "kind", "--model", "linear"}, 3, "holds words");
  refused({"--data", "t.csv", "--target", "size", "--model", "linear", "--l2", "3"}, 2,
          "unknown flag '--l2'");
  refused({"--data", "t.csv", "--target", "kind", "--goal", "regress"}, 2,
          "naive-bayes does not regress; linear, tree, forest, knn can");
  write("one.csv", "a,b\n1,x\n2,x\n");
  refused({"--data", "one.csv", "--target", "b"}, 3, "the target 'b' is 'x' in all rows");
  write("inf.csv", "a,b\n1,x\n2,y\ninf,x\n3,y\n");
  refused({"--data", "inf.csv", "--target", "b", "--holdout", "0"}, 3,
          "column 'a': an infinite number");
  write("none.csv", "a,b\n");
  refused({"--data", "none.csv", "--target", "b"}, 3, "no row has a target");
  write("lost.csv", "a,b\n1,\n2,NA\n");
  refused({"--data", "lost.csv", "--target", "b"}, 3, "no row has a target");
  write("alone.csv", "b\nx\ny\n");
  refused({"--data", "alone.csv", "--target", "b"}, 3, "no column is left to learn from");
  write("ragged.csv", "a,b\n1,x\n2\n");
  refused({"--data", "ragged.csv", "--target", "b"}, 3,
          "reading ragged.csv: line 3: 1 cells, but 2 columns");

  ASSERT_EQ(run(train("naive-bayes", "run")).code, 0);
  write("text.csv", "size,colour,kind\nlarge,red,daisy\n");
  expect_refused({"predict", "run", "text.csv"}, 3,
                 "line 2: column 'size': 'large' is not a number");
  write("narrow.csv", "size,kind\n1,daisy\n");
  expect_refused({"predict", "run", "narrow.csv"}, 3, "narrow.csv: there is no column 'colour'");
  write("strange.csv", "size,colour,kind\n1,red,tulip\n");
  expect_refused({"eval", "run", "--data", "strange.csv"}, 3,
                 "line 2, column 'kind': class 'tulip' did not occur");
}

TEST_F(TableCommand, AColourThatTrainingDidNotHaveIsTakenAsMissingOrRefused) {
  write("t.csv", flowers(60, 0));
  write("green.csv", flowers(20, 60, "green"));
  for (const std::string encoding : {"one-hot", "ordinal"}) {
    std::vector<std::string> words = train("naive-bayes", encoding);
    words.insert(words.end(), {"--encoding", encoding});
    ASSERT_EQ(run(words).code, 0);
    EXPECT_EQ(run({"eval", encoding, "--data", "green.csv", "--json", "--quiet"}).code, 0);
  }
  std::vector<std::string> strict = train("naive-bayes", "strict");
  strict.insert(strict.end(), {"--unseen", "error"});
  ASSERT_EQ(run(strict).code, 0);
  expect_refused({"predict", "strict", "green.csv"}, 3,
                 "column 'colour': 'green' did not occur in training");
}

TEST_F(TableCommand, DamagedModelsAreRefused) {
  write("t.csv", flowers(60, 0));
  ASSERT_EQ(run(train("logistic", "run")).code, 0);
  const std::string config = read_file(root_ / "run/config.json"),
                    weights = read_file(root_ / "run/model.safetensors");
  write("run/model.safetensors", weights.substr(0, weights.size() / 2));
  expect_refused({"predict", "run", "t.csv"}, 4, "model.safetensors");
  write("run/model.safetensors", weights);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = config;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write("run/config.json", text.replace(at, from.size(), to));
  };
  changed("\"kind\": \"category\"", "\"kind\": \"colour\"");
  expect_refused({"predict", "run", "t.csv"}, 4,
                 "config.json: encoding: 'colour' is no kind of column");
  changed("\"blue\",", "\"blue\", \"mauve\",");
  expect_refused({"predict", "run", "t.csv"}, 4, "config.json");
  changed("\"model\": \"logistic\"", "\"model\": \"linear\"");
  expect_refused({"predict", "run", "t.csv"}, 4, "config.json");
}

}  // namespace
}  // namespace espalier
