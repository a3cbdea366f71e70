#include "runtime/core/abi.h"
#include "runtime/data/FolderSources.h"
#include "runtime/data/Parallel.h"
#include "runtime/data/ReadWhole.h"
#include "runtime/data/Text.h"
#include "runtime/data/picture/Picture.h"

#include <algorithm>
#include <xxhash.h>

namespace tenon::data {

namespace {

/// Files that are looked at before their rows are given.
constexpr size_t kFilesAtOnce = 256;
constexpr char kLayout[] = "each class is a folder of that folder, each picture a file in it";

/// A file, and what looking at it told.
struct Seen {
  std::filesystem::path path;
  size_t folder = 0; ///< its class
  PictureFile picture = {};
  uint64_t checksum = 0;
  std::optional<Failure> failure = {};
};

Result<PictureFile> headerOf(const std::string &path, const std::string &content) {
  Result<PictureHeader> header = examinePicture(bytesOf(content));
  if (header)
    return PictureFile{path, header->height, header->width};
  Failure failure = header.takeFailure();
  failure.place = path;
  return failure;
}

void look(Seen &file, bool decode) {
  file.picture.path = file.path.string();
  Result<std::string> content = readWhole(file.picture.path);
  if (!content) {
    file.failure = content.takeFailure();
    return;
  }
  file.checksum = XXH3_64bits(content->data(), content->size());
  Result<PictureFile> header = headerOf(file.picture.path, *content);
  if (!header) {
    file.failure = header.takeFailure();
    return;
  }
  file.picture = std::move(*header);
  if (!decode)
    return;
  if (Result<Array> decoded = decodePicture(bytesOf(*content), 3); !decoded) {
    file.failure = decoded.takeFailure();
    file.failure->place = file.picture.path;
  }
}

/// Reads one `image_folder`.
class ImageFolder {
public:
  ImageFolder(std::string path, bool skips, bool decodes, const Rows &rows)
      : path(std::move(path)), skips(skips), decodes(decodes), rows(rows) {}
  Result<SourceSummary> read();

private:
  Status list();
  Status give(Seen &file);
  void remark();

  std::string path;
  bool skips, decodes;
  const Rows &rows;
  std::vector<std::string> classes;
  std::vector<Seen> files;
  std::vector<std::string> skipped;
  SourceSummary summary;
};

Status ImageFolder::list() {
  std::error_code error;
  std::vector<std::filesystem::path> folders = entriesOf(path, true, error);
  if (error)
    return Failure{"cannot read `" + path + "`: " + error.message(), "", ""};
  if (folders.empty())
    return Failure{"`" + path + "` has no folders", "", kLayout};
  for (const std::filesystem::path &folder : folders) {
    std::vector<std::filesystem::path> entries = entriesOf(folder.string(), false, error);
    if (error)
      return Failure{"cannot read `" + folder.string() + "`: " + error.message(), "", ""};
    if (entries.empty())
      return Failure{"the folder `" + folder.string() + "` has no pictures", "",
                     "put some into it, or remove it"};
    for (std::filesystem::path &entry : entries)
      files.push_back({std::move(entry), classes.size()});
    classes.push_back(folder.filename().string());
  }
  return {};
}

Status ImageFolder::give(Seen &file) {
  if (file.failure && skips) {
    const std::string &place = file.failure->place;
    skipped.push_back((place.empty() ? "" : place + ": ") + file.failure->message);
    return {};
  }
  if (file.failure) {
    std::string &help = file.failure->help;
    help += (help.empty() ? "" : "; ") + std::string("`skip = \"broken\"` leaves such files out");
    return std::move(*file.failure);
  }
  const std::string &name = classes[file.folder];
  std::string known = name + "/" + file.path.filename().string();
  summary.checksum = combine(summary.checksum, XXH3_64bits(known.data(), known.size()));
  summary.checksum = combine(summary.checksum, file.checksum);
  RowPlace place{file.picture.path, RowPlace::Form::File, 0};
  Cell cells[] = {{.picture = &file.picture}, {.text = &name}};
  ++summary.rows;
  return rows({place, cells});
}

void ImageFolder::remark() {
  constexpr size_t kShown = 3;
  if (skipped.empty())
    return;
  summary.remark = std::to_string(skipped.size()) + " of " + std::to_string(files.size()) +
                   " files in `" + path + "` are skipped, broken: ";
  for (size_t i = 0; i < std::min(skipped.size(), kShown); ++i)
    summary.remark += (i ? "; " : "") + skipped[i];
  if (skipped.size() > kShown)
    summary.remark += "; and " + std::to_string(skipped.size() - kShown) + " more";
}

Result<SourceSummary> ImageFolder::read() {
  if (Status status = list(); !status)
    return status.takeFailure();
  for (size_t begin = 0; begin < files.size(); begin += kFilesAtOnce) {
    size_t count = std::min(kFilesAtOnce, files.size() - begin);
    forEachInParallel(count, processors(), [&](size_t i) { look(files[begin + i], decodes); });
    for (size_t i = begin; i < begin + count; ++i)
      if (Status status = give(files[i]); !status)
        return status.takeFailure();
  }
  remark();
  if (summary.rows == 0)
    return Failure{"none of the " + std::to_string(files.size()) + " files in `" + path +
                       "` is a picture that can be read: " + skipped[0],
                   "", "PNG and JPEG files are read"};
  return summary;
}

} // namespace

Result<PictureFile> lookAtPicture(const std::string &path) {
  Result<std::string> content = readWhole(path);
  if (!content)
    return content.takeFailure();
  return headerOf(path, *content);
}

Result<SourceSummary> readImageFolder(const Source &source, const std::string &path,
                                      Reading reading, const Columns &columns, const Rows &rows) {
  bool skips = false;
  for (const Argument &option : source.options) {
    auto *text = std::get_if<std::string>(&option.value.value);
    if (option.name != "skip" || !text || *text != "broken")
      return Failure{"`image_folder` takes a path and `skip`", source.place, "skip = \"broken\""};
    skips = true;
  }
  if (Status status =
          columns({{kPictureColumn, SourceColumn::Kind::Picture, TENON_U8}, {kClassColumn}});
      !status)
    return status.takeFailure();
  return ImageFolder(path, skips, skips && reading == Reading::Whole, rows).read();
}

//===----------------------------------------------------------------------===//
// Classes of several folders
//===----------------------------------------------------------------------===//

static std::vector<std::string> classesOf(const Source &source, const std::string &folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto &path : entriesOf(resolve(source.path, folder), true, error))
    names.push_back(path.filename().string());
  return names;
}

std::optional<Failure> compareClasses(const Dataset &dataset, size_t at,
                                      const std::string &folder) {
  const Source &source = dataset.sources[at];
  bool wanted = std::any_of(dataset.fields.begin(), dataset.fields.end(), [](const Field &field) {
    return std::count(field.columns.begin(), field.columns.end(), kClassColumn) > 0;
  });
  if (source.kind != "image_folder" || !wanted)
    return std::nullopt;
  std::string path = resolve(source.path, folder);
  std::vector<std::string> own = classesOf(source, folder);
  bool trains = source.split.empty() || source.split == "train";
  if (trains && own.size() == 1)
    return Failure{"`" + path + "` has one folder, `" + own[0] +
                       "`, so there is one class and nothing to tell apart",
                   "", kLayout};
  if (trains || own.empty())
    return std::nullopt;
  for (const Source &other : dataset.sources) {
    if (other.kind != "image_folder" || !(other.split.empty() || other.split == "train"))
      continue;
    for (const std::string &name : classesOf(other, folder))
      if (!std::count(own.begin(), own.end(), name))
        return Failure{"`" + path + "` has no folder `" + name + "`, a class of `" +
                           resolve(other.path, folder) + "`",
                       "", "put some of its pictures there, or take them from training by `split`"};
    std::vector<std::string> trained = classesOf(other, folder);
    for (const std::string &name : own)
      if (!trained.empty() && !std::count(trained.begin(), trained.end(), name))
        return Failure{"`" + path + "` has a folder `" + name + "`, which is no class of `" +
                           resolve(other.path, folder) + "`; it has " + listOf(trained),
                       "", "put some of its pictures there, or remove the folder"};
  }
  return std::nullopt;
}

} // namespace tenon::data
