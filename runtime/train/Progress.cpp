#include "runtime/train/Progress.h"

#include <algorithm>
#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tenon::train {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr int kBarWidth = 20, kLeastBarWidth = 4;

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string number(double value) {
  char text[32];
  double magnitude = std::fabs(value);
  bool plain = value == 0 || (magnitude >= 1e-3 && magnitude < 1e5);
  snprintf(text, sizeof text, plain ? "%.4g" : "%.3e", value);
  return text;
}

std::string bar(int64_t done, int64_t steps, int width) {
  int filled = steps > 0 ? int(double(done) / double(steps) * width * 2 + 0.5) : width * 2;
  std::string text;
  for (int i = 0; i < width; ++i)
    text += filled >= 2 * i + 2 ? "━" : filled == 2 * i + 1 ? "╸" : " ";
  return text;
}

/// Characters; each of the text's is one column wide.
int columnsOf(const std::string &text) {
  return int(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Cut to `columns` characters.
std::string cut(const std::string &text, int columns) {
  int used = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] & 0xC0) != 0x80 && used++ == columns)
      return text.substr(0, i);
  return text;
}

} // namespace

std::string describe(const Scores &scores) {
  std::string text;
  for (const auto &[name, value] : scores)
    text += (text.empty() ? "" : "  ") + name + " " + number(value);
  return text;
}

std::string describeSeconds(double seconds) {
  int64_t whole = std::isfinite(seconds) ? int64_t(std::max(0.0, seconds) + 0.5) : 0;
  char text[32];
  if (whole >= 3600)
    snprintf(text, sizeof text, "%lld:%02d:%02d", static_cast<long long>(whole / 3600),
             int(whole / 60 % 60), int(whole % 60));
  else
    snprintf(text, sizeof text, "%d:%02d", int(whole / 60), int(whole % 60));
  return text;
}

Progress::Progress(FILE *output, int64_t epochs, double plainSeconds)
    : output(output), terminal(output && isatty(fileno(output))), epochs(epochs),
      plainSeconds(plainSeconds) {}

void Progress::beginEpoch(int64_t epochNumber, int64_t stepCount, int64_t stepsDone) {
  epoch = epochNumber;
  steps = stepCount;
  firstStep = doneSteps = stepsDone;
  epochRows = 0;
  epochWaited = 0;
  epochStart = lastDrawn = Clock::now();
}

double Progress::rowsPerSecond() const {
  double elapsed = seconds(Clock::now() - epochStart);
  return elapsed > 0 ? double(epochRows) / elapsed : 0;
}

void Progress::step(int64_t done, int64_t rows, int64_t stepsLeftInAll, const Scores &scores) {
  doneSteps = done;
  epochRows += rows;
  if (!output)
    return;
  if (seconds(Clock::now() - lastDrawn) < (terminal ? kRedrawSeconds : plainSeconds))
    return;
  draw(done, stepsLeftInAll, scores);
  lastDrawn = Clock::now();
}

void Progress::draw(int64_t done, int64_t stepsLeftInAll, const Scores &scores) {
  double each = seconds(Clock::now() - epochStart) / double(std::max<int64_t>(1, done - firstStep));
  std::string head = "epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs) + "  ";
  std::string tail = std::to_string(done) + "/" + std::to_string(steps) + "  " +
                     describeSeconds(each * double(stepsLeftInAll)) + " left  " + describe(scores) +
                     "  " + std::to_string(int64_t(rowsPerSecond())) + " rows/s";
  if (!terminal) {
    fprintf(output, "%s%s\n", head.c_str(), tail.c_str());
  } else {
    winsize size{};
    bool known = ioctl(fileno(output), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    int columns = (known ? size.ws_col : 80) - 1;
    // The bar is the first to go where the line is long.
    int width = std::min(kBarWidth, columns - columnsOf(head + tail) - 2);
    if (width >= kLeastBarWidth)
      head += bar(done, steps, width) + "  ";
    fprintf(output, "\r%s\x1b[K", cut(head + tail, columns).c_str());
    lineDrawn = true;
  }
  fflush(output);
}

void Progress::eraseLine() {
  if (lineDrawn)
    fprintf(output, "\r\x1b[K");
  lineDrawn = false;
}

void Progress::endEpoch(const Scores &training, const std::string &split,
                        const Scores &validation) {
  if (!output)
    return;
  eraseLine();
  std::string line = "epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs) + "  " +
                     describeSeconds(seconds(Clock::now() - epochStart)) + "  " +
                     std::to_string(int64_t(rowsPerSecond())) + " rows/s  " + describe(training);
  constexpr double kWorthSaying = 0.05;
  if (double share = epochWaited / seconds(Clock::now() - epochStart); share > kWorthSaying)
    line += "  (waited for data " + std::to_string(int(share * 100 + 0.5)) + " % of the time)";
  if (!split.empty())
    line += "  |  " + split + ": " + describe(validation);
  fprintf(output, "%s\n", line.c_str());
  fflush(output);
}

void Progress::endRun() {
  double taken = seconds(Clock::now() - runStart);
  char share[16];
  snprintf(share, sizeof(share), "%.1f", 100 * runWaited / taken);
  say("trained for " + describeSeconds(taken) + ", " + share + " % of it waiting for data");
}

void Progress::say(const std::string &line) {
  if (!output)
    return;
  eraseLine();
  fprintf(output, "%s\n", line.c_str());
  fflush(output);
}

} // namespace tenon::train
