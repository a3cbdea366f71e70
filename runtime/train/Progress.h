/// What a user sees while training runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace tenon::train {

/// Loss and metrics by name, in the order they are shown.
using Scores = std::vector<std::pair<std::string, double>>;

/// "loss 0.2341  accuracy 0.913".
std::string describe(const Scores &scores);
/// "0:07", "12:40", "3:05:00".
std::string describeSeconds(double seconds);

/// On a terminal one line that is redrawn up to ten times a second:
///
///     epoch 1/3  ━━━━━╸        812/2048  0:12 left  loss 0.2341  accuracy 0.913  7421 rows/s
///
/// elsewhere a plain line now and then; one line for each finished epoch in both cases. Where more
/// than a twentieth of it was spent waiting for data, that line says so.
class Progress {
public:
  /// `output` nullptr: silence. `plainSeconds`: between plain lines.
  Progress(FILE *output, int64_t epochs, double plainSeconds = 10);

  /// `stepsDone`: of this epoch, before it was resumed.
  void beginEpoch(int64_t epoch, int64_t steps, int64_t stepsDone);
  /// `stepsLeftInAll`: until the training ends; the time left is reckoned from it.
  void step(int64_t done, int64_t rows, int64_t stepsLeftInAll, const Scores &scores);
  /// Steps had to wait for their data this long.
  void waited(double seconds) {
    epochWaited += seconds;
    runWaited += seconds;
  }
  /// `training` and, where there was a validation, `split` and its scores.
  void endEpoch(const Scores &training, const std::string &split, const Scores &validation);
  /// How long the run took since this was made, and what share of it was spent waiting for data.
  void endRun();
  /// A line of its own.
  void say(const std::string &line);

private:
  using Clock = std::chrono::steady_clock;
  void draw(int64_t done, int64_t stepsLeftInAll, const Scores &scores);
  void eraseLine();
  double rowsPerSecond() const;

  FILE *output;
  bool terminal = false;
  bool lineDrawn = false;
  int64_t epochs, epoch = 0, steps = 0, firstStep = 0, doneSteps = 0, epochRows = 0;
  double plainSeconds, epochWaited = 0, runWaited = 0;
  Clock::time_point runStart = Clock::now(), epochStart, lastDrawn;
};

} // namespace tenon::train
