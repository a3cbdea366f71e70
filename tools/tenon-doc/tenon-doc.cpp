//===- tenon-doc.cpp - The library's reference, out of its files ----------===//
//
// tenon-doc OUTPUT: writes docs/library.md: every declaration of the standard library with its head
// and its doc comment.
//
//===----------------------------------------------------------------------===//
#include "frontend/std/Library.h"
#include "frontend/syntax/Parse.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

using namespace tenon;
using namespace tenon::ast;

namespace {

constexpr std::string_view prelude = "prelude";

/// Writes one file of the library.
class ModulePage {
public:
  ModulePage(const SourceManager &sources, const File &file, std::string_view module,
             std::string &out)
      : sources_(sources), file_(file), module_(module), out_(out) {}

  void run();

private:
  std::string_view text(uint32_t begin, uint32_t end) const {
    return sources_.text(SourceRange{file_.id, begin, end});
  }
  void introduction();
  void declaration(const Decl &decl);
  std::string head(const Decl &decl) const;
  std::string modelHead(const Model &model) const;
  std::string memberLine(const Member &member) const;

  const SourceManager &sources_;
  const File &file_;
  std::string_view module_;
  std::string &out_;
};

/// The comment at the file's beginning.
void ModulePage::introduction() {
  std::string body;
  for (const Comment &comment : file_.comments) {
    bool before = file_.decls.empty() || comment.range.end < file_.decls[0]->range.begin;
    if (!before || comment.doc)
      break;
    std::string_view line = sources_.text(comment.range).substr(2);
    body += std::string(line.substr(std::min(line.find_first_not_of(' '), line.size()))) + "\n";
  }
  out_ += body + "\n";
}

std::string ModulePage::modelHead(const Model &model) const {
  if (model.params.empty())
    return "model " + std::string(model.name.text);
  uint32_t end = model.params.back().range.end;
  std::string_view rest = text(end, model.range.end);
  return std::string(text(model.range.begin, end + static_cast<uint32_t>(rest.find(')')) + 1));
}

/// Empty for members that aren't seen from outside.
std::string ModulePage::memberLine(const Member &member) const {
  switch (member.kind) {
  case MemberKind::Param:
  case MemberKind::State:
    return std::string(text(member.range.begin, member.type->range.end));
  case MemberKind::Function:
    return std::string(sources_.text(member.function->head));
  default:
    return "";
  }
}

std::string ModulePage::head(const Decl &decl) const {
  if (const auto *function = dynCast<Function>(&decl))
    return std::string(sources_.text(function->head)) + "\n";
  const auto *model = dynCast<Model>(&decl);
  if (!model)
    return std::string(sources_.text(decl.range)) + "\n";
  std::string result = modelHead(*model) + " {\n";
  for (const Member *member : model->members)
    if (std::string line = memberLine(*member); !line.empty())
      result += "  " + line + "\n";
  return result + "}\n";
}

void ModulePage::declaration(const Decl &decl) {
  std::string name(decl.name.text);
  out_ += "### `" + (module_ == prelude ? "" : std::string(module_) + ".") + name + "`\n";
  out_ += "```tenon signature\n" + head(decl) + "```\n";
  if (!decl.doc.empty())
    out_ += std::string(decl.doc) + "\n";
  if (const auto *model = dynCast<Model>(&decl))
    for (const Member *member : model->members)
      if (!member->doc.empty())
        out_ += "\n- `" + std::string(member->name.text) + "`: " + std::string(member->doc) + "\n";
  out_ += "\n";
}

void ModulePage::run() {
  out_ += module_ == prelude ? std::string("## Without import\n")
                             : "## `" + std::string(module_) + "`\n";
  introduction();
  for (const Decl *decl : file_.decls)
    if (decl->name)
      declaration(*decl);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: tenon-doc OUTPUT\n");
    return 2;
  }
  std::string out = "# The library\n\nGenerated from the comments in `frontend/std/*.tn` (target "
                    "`tenon-docs`). Everything here is written in Tenon, to be read, copied and "
                    "changed; what is built in stands in [language.md](language.md), \"Standard "
                    "library\". `float` is the program's real type, f32 unless `--float f64` is "
                    "given; `...` stands for any leading dimensions.\n\n";
  std::vector<std::string_view> names = libraryNames();
  auto first = std::find(names.begin(), names.end(), prelude);
  std::rotate(names.begin(), first, first + 1);
  SourceManager sources;
  DiagnosticEngine engine;
  for (std::string_view name : names) {
    FileId id = sources.add(std::string(name) + ".tn", std::string(*libraryText(name)));
    std::unique_ptr<File> file = parse(sources, id, engine);
    ModulePage(sources, *file, name, out).run();
  }
  if (engine.hasErrors()) {
    fputs(renderAll(sources, engine).c_str(), stderr);
    return 1;
  }
  out.pop_back();
  return std::ofstream(argv[1], std::ios::binary) << out ? 0 : 1;
}
