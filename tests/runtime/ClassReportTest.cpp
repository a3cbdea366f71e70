// Figures of classes and thresholds. Where a comment names scikit-learn, the numbers are those that
// version 1.9.1 gives for the same rows (precision_recall_fscore_support with zero_division=0,
// top_k_accuracy_score, roc_auc_score, average_precision_score, precision_recall_curve).
#include "runtime/train/ClassReport.h"
#include "runtime/train/EvaluationReport.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace tenon;
using namespace tenon::train;

const std::vector<size_t> kTruth = {3, 2, 2, 3, 2, 3, 3, 0, 0, 1, 1, 3, 3, 0, 1, 3, 0, 3, 0, 1,
                                    3, 1, 1, 1, 2, 1, 3, 1, 1, 2, 2, 2, 2, 3, 3, 3, 2, 2, 1, 3};
// Five scores for each row.
const std::vector<double> kScores = {
    0.215, 0.16,  0.613, 1.103, 0.036, 0.515, 0.466, 1.154, 0.629, 0.514, 0.497, 0.248, 0.7,
    0.192, 0.692, 0.201, 0.37,  0.004, 1.597, 0.154, 0.268, 0.88,  1.241, 0.847, 0.64,  0.742,
    0.091, 0.541, 0.623, 0.871, 0.361, 0.598, 0.059, 1.181, 0.323, 0.909, 0.816, 0.379, 0.979,
    0.59,  1.594, 0.638, 0.676, 0.151, 0.44,  0.24,  1.367, 0.097, 0.968, 0.215, 0.672, 0.693,
    0.874, 0.662, 0.132, 0.845, 0.945, 0.904, 1.436, 0.145, 0.192, 0.928, 0.552, 1.221, 0.884,
    1.713, 0.57,  0.376, 0.411, 0.239, 0.038, 1.07,  0.468, 0.548, 0.322, 0.751, 0.025, 0.372,
    0.062, 0.123, 1.748, 0.658, 0.428, 0.524, 0.873, 0.344, 0.59,  0.684, 0.613, 0.519, 1.442,
    0.909, 0.151, 0.933, 0.005, 0.753, 1.944, 0.137, 0.419, 0.815, 0.014, 0.628, 0.793, 0.968,
    0.726, 0.226, 0.502, 0.363, 0.179, 0.346, 0.948, 1.121, 0.34,  0.272, 0.952, 0.444, 1.769,
    0.516, 0.521, 0.897, 0.743, 0.581, 0.548, 0.878, 0.412, 0.923, 0.525, 0.43,  0.52,  0.951,
    0.251, 0.806, 0.676, 0.878, 0.63,  0.972, 1.128, 0.398, 0.203, 0.051, 0.213, 1.912, 0.84,
    0.112, 0.604, 0.479, 0.595, 1.111, 0.307, 0.961, 0.466, 0.628, 1.081, 0.184, 0.062, 0.412,
    0.764, 1.463, 0.73,  0.113, 0.913, 0.802, 1.136, 0.523, 0.916, 0.047, 0.03,  0.02,  0.55,
    0.249, 0.188, 0.567, 0.039, 0.986, 0.166, 0.678, 0.021, 0.311, 1.487, 0.538, 0.812, 0.658,
    0.709, 0.191, 0.574, 0.04,  0.802, 1.863, 0.854, 0.051, 0.339, 1.013, 0.113, 0.627, 0.797,
    0.314, 0.863, 0.797, 0.489, 0.767};

/// Five classes, of which the last has no row.
ClassReport fiveClasses() {
  ClassReport report("kind", {"ant", "bee", "cat", "dog", "elk"});
  for (size_t i = 0; i < kTruth.size(); ++i)
    EXPECT_TRUE(report.add(std::span(kScores).subspan(5 * i, 5), kTruth[i]));
  report.finish();
  return report;
}

double named(const Scores &scores, const std::string &name) {
  for (const auto &[each, value] : scores)
    if (each == name)
      return value;
  ADD_FAILURE() << "no figure " << name;
  return 0;
}

TEST(ClassReport, agrees_with_scikit_learn) {
  ClassReport report = fiveClasses();
  const double precision[] = {2.0 / 3, 0.9, 0.8, 5.0 / 6}, recall[] = {0.8, 9.0 / 11, 0.8, 5.0 / 7},
               f1[] = {8.0 / 11, 6.0 / 7, 0.8, 10.0 / 13};
  const int64_t support[] = {5, 11, 10, 14};
  for (size_t i = 0; i < 4; ++i) {
    ClassFigures one = report.figures(i);
    EXPECT_NEAR(*one.precision, precision[i], 1e-12) << i;
    EXPECT_NEAR(*one.recall, recall[i], 1e-12) << i;
    EXPECT_NEAR(*one.f1, f1[i], 1e-12) << i;
    EXPECT_EQ(one.support, support[i]);
  }
  EXPECT_NEAR(report.macro().precision, 0.64, 1e-12);
  EXPECT_NEAR(report.macro().recall, 0.626493506493506, 1e-12);
  EXPECT_NEAR(report.macro().f1, 0.630729270729271, 1e-12);
  EXPECT_NEAR(report.weighted().precision, 0.8225, 1e-12);
  EXPECT_NEAR(report.weighted().recall, 0.775, 1e-12);
  EXPECT_NEAR(report.weighted().f1, 0.795854145854146, 1e-12);
  EXPECT_NEAR(report.accuracy(), 0.775, 1e-12);
  EXPECT_EQ(report.ks(), (std::vector<int64_t>{1, 3}));
  EXPECT_NEAR(report.topK(3), 0.925, 1e-12);
  const int64_t confusion[] = {4, 0, 0, 1, 0, 0, 9, 1, 0, 1, 1, 0, 8, 1, 0, 1, 1, 1, 10, 1};
  for (size_t i = 0; i < 20; ++i)
    EXPECT_EQ(report.count(i / 5, i % 5), confusion[i]) << i;
}

TEST(ClassReport, what_is_not_defined_is_not_there) {
  ClassReport report = fiveClasses();
  EXPECT_FALSE(report.figures(4).recall) << "no row is of this class";
  EXPECT_EQ(report.figures(4).precision, 0.0) << "two are taken for it";
  EXPECT_TRUE(std::isnan(named(report.named(), "recall[elk]")));
  EXPECT_NE(describe(report).find("elk                 0.0000          -     0.0000          0"),
            std::string::npos)
      << describe(report);

  // A class that no row is of or is taken for is in no mean.
  ClassReport few("kind", {"a", "b", "c"});
  few.add(std::vector<double>{1, 0, 0}, 0);
  few.add(std::vector<double>{0, 1, 0}, 0);
  few.finish();
  EXPECT_FALSE(few.figures(2).f1);
  EXPECT_NEAR(few.macro().recall, 0.25, 1e-12);
}

TEST(ClassReport, equal_scores_go_to_the_first_class) {
  ClassReport report("kind", {"a", "b", "c", "d"});
  for (size_t truth : {0, 1, 2, 3})
    EXPECT_TRUE(report.add(std::vector<double>{0.25, 0.25, 0.25, 0.25}, truth));
  report.finish();
  for (size_t truth : {0, 1, 2, 3})
    EXPECT_EQ(report.count(truth, 0), 1);
  EXPECT_EQ(report.topK(1), 0.25);
  EXPECT_EQ(report.topK(3), 0.75);
}

TEST(ClassReport, a_score_that_is_nan_counts_nothing) {
  ClassReport report("kind", {"a", "b"});
  EXPECT_FALSE(report.add(std::vector<double>{0.5, std::nan("")}, 0));
  EXPECT_FALSE(report.addScore(std::nan(""), true));
  report.finish();
  EXPECT_EQ(report.rows(), 0);
  EXPECT_TRUE(std::isnan(report.accuracy()));
}

TEST(ClassReport, one_row) {
  ClassReport report("label", {"0", "1"});
  EXPECT_TRUE(report.addScore(0.75, true));
  report.finish();
  Scores scores = report.named();
  EXPECT_EQ(named(scores, "accuracy"), 1);
  EXPECT_EQ(named(scores, "macro_f1"), 1);
  EXPECT_EQ(named(scores, "best_f1"), 1);
  EXPECT_TRUE(std::isnan(named(scores, "auc")));
  EXPECT_EQ(named(scores, "average_precision"), 1);
  EXPECT_NE(describe(report).find("AUC -, average precision 1.0000"), std::string::npos);
}

TEST(ClassReport, a_half_is_not_above_a_half) {
  ClassReport report("label", {"0", "1"});
  report.addScore(0.5, true);
  report.finish();
  EXPECT_EQ(report.count(1, 0), 1) << "as metrics.binary_accuracy";
}

TEST(ClassReport, many_classes_are_folded) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i)
    names.push_back("class " + std::to_string(i));
  ClassReport report("kind", names);
  for (size_t truth = 0; truth < 50; ++truth)
    for (size_t row = 0; row <= truth; ++row) {
      std::vector<double> scores(50);
      scores[row % 2 ? truth : (truth + 1) % 50] = 1;
      report.add(scores, truth);
    }
  report.finish();
  FoldedConfusion folded = fold(report, 12);
  ASSERT_EQ(folded.names.size(), 12u);
  EXPECT_EQ(folded.names.front(), "class 39") << "those with most rows, in their own order";
  EXPECT_EQ(folded.names.back(), "39 others");
  int64_t all = 0;
  for (int64_t count : folded.counts)
    all += count;
  EXPECT_EQ(all, report.rows());
  EXPECT_EQ(folded.counts[1], report.count(39, 40));
  std::string shown = describe(report);
  EXPECT_NE(shown.find("the 30 of 50 classes with the lowest F1"), std::string::npos);
  EXPECT_NE(shown.find("25  class 48 taken for class 49"), std::string::npos) << shown;
  size_t longest = 0, line = 0;
  for (char c : shown) {
    line = c == '\n' ? 0 : line + ((c & 0xc0) != 0x80);
    longest = std::max(longest, line);
  }
  EXPECT_LE(longest, 120u) << shown;
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

Thresholds thirtyRows() {
  const int label[] = {0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1,
                       0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0};
  const double score[] = {0.5, 0.1, 0.5, 0.8, 0.9, 0.5, 0.6, 0,   0.7, 0.5,
                          0.4, 0.2, 0.7, 0.8, 0.9, 0.1, 0.4, 0.6, 0.8, 0.8,
                          0.7, 1,   0.9, 0.5, 0.3, 0.4, 0.1, 0.8, 0.8, 0.5};
  std::vector<ScoredRow> rows;
  for (size_t i = 0; i < 30; ++i)
    rows.push_back({score[i], label[i] == 1});
  return Thresholds(rows);
}

TEST(Thresholds, agree_with_scikit_learn) {
  Thresholds cuts = thirtyRows();
  EXPECT_NEAR(*cuts.areaUnderRoc(), 0.913333333333333, 1e-12);
  EXPECT_NEAR(*cuts.averagePrecision(), 0.930854700854701, 1e-12);
  Cut best = *cuts.bestF1();
  EXPECT_NEAR(*cuts.figures(best).f1, 0.866666666666667, 1e-12);
  EXPECT_EQ(best.threshold, 0.5) << "above which are those from 0.6 on";
  CutFigures half = cuts.figures(cuts.at(0.5));
  for (auto figure : {half.precision, half.recall, half.f1, half.accuracy})
    EXPECT_NEAR(*figure, 13.0 / 15, 1e-12);
}

TEST(Thresholds, curves_reach_from_corner_to_corner) {
  Thresholds cuts = thirtyRows();
  Thresholds::Points roc = cuts.rocCurve();
  EXPECT_EQ(roc.front(), std::pair(0.0, 0.0));
  EXPECT_EQ(roc.back(), std::pair(1.0, 1.0));
  Thresholds::Points recall = cuts.precisionRecallCurve();
  EXPECT_EQ(recall.back(), std::pair(1.0, 0.5));
  std::vector<ScoredRow> many;
  for (int i = 0; i < 200000; ++i)
    many.push_back({i * 1e-6, i % 3 == 0});
  EXPECT_LT(Thresholds(many).rocCurve().size(), 3000u);
}

TEST(Thresholds, equal_scores_are_one_cut) {
  Thresholds cuts({{0.5, true}, {0.5, false}, {0.5, true}, {0.5, false}});
  EXPECT_EQ(cuts.areaUnderRoc(), 0.5);
  EXPECT_EQ(cuts.averagePrecision(), 0.5);
  int count = 0;
  cuts.forEachCut([&](const Cut &cut) {
    EXPECT_EQ(cut.found, cut.wrong);
    ++count;
  });
  EXPECT_EQ(count, 2);
  EXPECT_LT(cuts.bestF1()->threshold, 0.5);
}

TEST(Thresholds, one_class_has_no_curve) {
  Thresholds positive({{0.1, true}, {0.9, true}}), negative({{0.1, false}}), none({});
  EXPECT_FALSE(positive.areaUnderRoc());
  EXPECT_TRUE(positive.rocCurve().empty());
  EXPECT_EQ(positive.averagePrecision(), 1.0);
  EXPECT_FALSE(negative.averagePrecision());
  EXPECT_FALSE(negative.bestF1());
  EXPECT_FALSE(none.areaUnderRoc());
}

//===----------------------------------------------------------------------===//
// Requirements
//===----------------------------------------------------------------------===//

TEST(Requirement, reads_and_judges) {
  Scores scores{{"loss", 0.25}, {"recall[a<b]", 0.5}, {"auc", std::nan("")}};
  auto judged = [&](const std::string &text) {
    auto requirement = Requirement::parse(text);
    EXPECT_TRUE(requirement) << text;
    auto unmet = requirement->unmet(scores);
    return unmet ? *unmet : "unknown";
  };
  for (const char *met :
       {"loss<0.3", "loss <= 0.25", "loss==0.25", "loss>=2.5e-1", "loss > -1", "recall[a<b]>0.4"})
    EXPECT_EQ(judged(met), "") << met;
  EXPECT_EQ(judged("loss<0.25"), "it is 0.25, off by 0");
  EXPECT_EQ(judged("loss>=0.3"), "it is 0.25, off by 0.05");
  EXPECT_EQ(judged("auc>=0"), "it isn't defined on these rows");
  EXPECT_EQ(judged("lose<1"), "unknown");
  auto unknown = Requirement::parse("lose<1")->unmet(scores);
  EXPECT_EQ(unknown.failure().help, "did you mean `loss`?");
  EXPECT_NE(unknown.failure().message.find("`loss`, `recall[a<b]` and `auc`"), std::string::npos);
  for (const char *broken : {"", "loss", "loss=0.3", "loss>=", "loss>=x", ">=1", "loss>=nan", "=1"})
    EXPECT_FALSE(Requirement::parse(broken)) << broken;
}

TEST(Evaluation, the_programs_own_figures_come_first) {
  Evaluation evaluation{"test", 40, {{"loss", 0.5}, {"accuracy", 0.1}}, fiveClasses()};
  EXPECT_EQ(named(evaluation.named(), "accuracy"), 0.1);
  EXPECT_NEAR(named(evaluation.named(), "top_3"), 0.925, 1e-12);
}

} // namespace
