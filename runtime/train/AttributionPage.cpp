#include "runtime/train/AttributionPage.h"

#include "runtime/train/Bitmap.h"
#include "runtime/train/Markup.h"

#include <algorithm>
#include <cmath>

namespace tenon::train {

namespace {

constexpr size_t kTable = 200; // elements of a field

constexpr char kStyle[] =
    R"(body { font-family: sans-serif; color: #222; max-width: 60em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; border-top: 1px solid #ddd; padding-top: 1em }
.words { line-height: 2.1; font-size: 1.1em }
.words span { padding: 0.15em 0.25em; border-radius: 0.2em }
.pictures figure { display: inline-block; margin: 0 1em 1em 0 }
.pictures img { width: 280px; image-rendering: pixelated; border: 1px solid #ddd; display: block }
figcaption, .note { color: #555; font-size: 0.9em }
table { border-collapse: collapse } td, th { padding: 0.15em 0.8em; text-align: right }
td:first-child, th:first-child { text-align: left }
.legend { display: flex; align-items: center; gap: 0.6em; font-size: 0.9em }
.legend div { width: 16em; height: 0.9em; background: linear-gradient(to right, #2166ac, #ffffff, #b2182b); border: 1px solid #ddd }
.unmet { color: #b2182b; font-weight: bold }
)";

std::string legend(double most) {
  return "<div class=\"legend\"><span>" + shortNumber(-most) +
         " against</span><div></div><span>for +" + shortNumber(most) + "</span></div>\n";
}

std::string words(const FieldAttribution &field) {
  double most = largest(field.attributions);
  std::string html = "<p class=\"words\">\n";
  double padding = 0;
  for (size_t i = 0; i < field.labels.size(); ++i) {
    double part = field.attributions[i];
    if (field.labels[i].empty()) {
      padding += part;
      continue;
    }
    double share = most > 0 ? part / most : 0;
    html += "<span style=\"background: " + colourText(divergingColour(share)) +
            (std::fabs(share) > 0.6 ? "; color: #ffffff" : "") + "\" title=\"" + shortNumber(part) +
            "\">" + escapeMarkup(field.labels[i]) + "</span>\n";
  }
  html += "</p>\n" + legend(most);
  return html + "<p class=\"note\">Padding: " + shortNumber(padding) + "</p>\n";
}

/// The elements with the largest attributions, in the order of the field.
std::string table(const FieldAttribution &field) {
  std::vector<double> sizes;
  for (double each : field.attributions)
    sizes.push_back(std::fabs(each));
  std::sort(sizes.rbegin(), sizes.rend());
  double least = sizes.size() > kTable ? sizes[kTable - 1] : 0, most = sizes.empty() ? 0 : sizes[0];
  std::string html = "<table>\n<tr><th>" + escapeMarkup(field.name) +
                     "</th><th>value</th><th>attribution</th></tr>\n";
  for (size_t i = 0; i < field.attributions.size(); ++i) {
    double part = field.attributions[i];
    if (std::fabs(part) < least)
      continue;
    double share = most > 0 ? part / most : 0;
    std::string name = i < field.labels.size() ? field.labels[i]
                       : field.dims.empty()    ? field.name
                                               : "[" + std::to_string(i) + "]";
    html += "<tr><td>" + escapeMarkup(name) + "</td><td>" + shortNumber(field.values[i]) +
            "</td><td style=\"background: " + colourText(divergingColour(share)) +
            (std::fabs(share) > 0.6 ? "; color: #ffffff" : "") + "\">" + shortNumber(part) +
            "</td></tr>\n";
  }
  return html + "</table>\n" + legend(most);
}

std::string figure(const std::string &address, const std::string &caption) {
  return "<figure><img src=\"" + address + "\" alt=\"" + caption + "\"/><figcaption>" + caption +
         "</figcaption></figure>\n";
}

std::string pictures(const FieldAttribution &field) {
  int64_t height = field.dims[0], width = field.dims[1];
  auto channels = field.dims.size() > 2 ? size_t(field.dims[2]) : 1;
  auto [least, most] = std::minmax_element(field.values.begin(), field.values.end());
  double range = *most > *least ? *most - *least : 1;
  std::vector<double> parts(static_cast<size_t>(width * height));
  for (size_t i = 0; i < field.attributions.size(); ++i)
    parts[i / channels] += field.attributions[i];
  double strongest = largest(parts);
  std::vector<Colour> input, heat, both;
  for (size_t i = 0; i < parts.size(); ++i) {
    Colour pixel{};
    for (size_t c = 0; c < 3; ++c) {
      double value = field.values[i * channels + (channels >= 3 ? c : 0)];
      pixel[c] = uint8_t(std::lround(255 * (value - *least) / range));
    }
    double share = strongest > 0 ? parts[i] / strongest : 0;
    Colour hot = divergingColour(share), mixed{};
    double grey = (pixel[0] + pixel[1] + pixel[2]) / 3.0;
    for (size_t c = 0; c < 3; ++c)
      mixed[c] = uint8_t(std::lround(0.35 * grey + 0.65 * hot[c]));
    input.push_back(pixel);
    heat.push_back(hot);
    both.push_back(mixed);
  }
  return "<div class=\"pictures\">\n" + figure(pictureAddress(width, height, input), "the input") +
         figure(pictureAddress(width, height, heat), "its attribution") +
         figure(pictureAddress(width, height, both), "both") + "</div>\n" + legend(strongest);
}

std::string section(const Attribution &row, const AttributionNotes &notes, size_t index) {
  std::string what = notes.predicts.empty() ? "prediction" : notes.predicts;
  std::string html = "<h2>Row " + std::to_string(index + 1) + ": " + escapeMarkup(what);
  html += row.explained.empty() ? "" : " = " + escapeMarkup(row.explained);
  html += "</h2>\n<p>The output is <b>" + shortNumber(row.output) + "</b>, of the baseline " +
          shortNumber(row.baseline) + ".</p>\n";
  for (const FieldAttribution &field : row.fields) {
    html += "<h3>" + escapeMarkup(field.name) + "</h3>\n";
    html += field.form == FieldAttribution::Form::Words     ? words(field)
            : field.form == FieldAttribution::Form::Picture ? pictures(field)
                                                            : table(field);
  }
  if (row.elsewhere != 0)
    html += "<p class=\"note\">Beside the input's own elements: " + shortNumber(row.elsewhere) +
            "</p>\n";
  bool isMet = std::fabs(row.sum() - row.change()) <= row.tolerance(notes.tolerance);
  return html + "<p class=\"" + (isMet ? "met" : "unmet") +
         "\">Completeness: " + escapeMarkup(completenessText(row, notes.tolerance)) + ".</p>\n";
}

} // namespace

std::string attributionPage(const Explanation &explanation, const AttributionNotes &notes) {
  std::string title = "What decided: " + escapeMarkup(notes.program);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>" + title +
      "</title>\n<style>\n" + kStyle + "</style>\n</head>\n<body>\n<h1>" + title +
      "</h1>\n<p>Method: " + escapeMarkup(methodText(notes.options)) +
      ". Baseline: numbers that are 0, ids of padding or of what isn't known. An "
      "attribution says how much of the output's change from the baseline is due to "
      "an element: red for, blue against.</p>\n";
  for (const std::string &limit : limitsOf(explanation))
    html += "<p class=\"note\">" + escapeMarkup(limit) + ".</p>\n";
  for (size_t i = 0; i < explanation.rows.size(); ++i)
    html += section(explanation.rows[i], notes, i);
  return html + "</body>\n</html>\n";
}

} // namespace tenon::train
