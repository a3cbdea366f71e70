# cmake -D OUTPUT=Library.cpp -D "FILES=a.tn;b.tn" -P Embed.cmake: their texts as a C++ source.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"tenon(${text})tenon\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"frontend/std/Library.h\"

namespace tenon {

namespace {
struct File {
  std::string_view name;
  std::string_view text;
};
constexpr File files[] = {
${entries}};
} // namespace

std::optional<std::string_view> libraryText(std::string_view name) {
  for (const File &file : files)
    if (file.name == name)
      return file.text;
  return std::nullopt;
}

std::vector<std::string_view> libraryNames() {
  std::vector<std::string_view> names;
  for (const File &file : files)
    names.push_back(file.name);
  return names;
}

} // namespace tenon
")
