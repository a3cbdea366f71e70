# tenon_embed(LIBRARY HEADER FUNCTION files...): the texts of files as a library. HEADER declares
#   std::optional<std::string_view> FUNCTIONText(std::string_view name);  // of NAME.ending
#   std::vector<std::string_view> FUNCTIONNames();                        // in alphabetical order
# As a script: cmake -D OUTPUT=x.cpp -D HEADER=x.h -D FUNCTION=x "-D FILES=a.tn;b.tn" -P Embed.cmake
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(TENON_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
  function(tenon_embed library header function)
    set(files ${ARGN})
    list(SORT files)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${library}.cpp)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D HEADER=${header} -D FUNCTION=${function}
              "-DFILES=${files}" -P ${TENON_EMBED_SCRIPT}
      DEPENDS ${files} ${TENON_EMBED_SCRIPT}
      VERBATIM)
    tenon_library(${library} ${output})
  endfunction()
  return()
endif()

set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"tenon(${text})tenon\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace tenon {

namespace {
struct File {
  std::string_view name;
  std::string_view text;
};
constexpr File files[] = {
${entries}};
} // namespace

std::optional<std::string_view> ${FUNCTION}Text(std::string_view name) {
  for (const File &file : files)
    if (file.name == name)
      return file.text;
  return std::nullopt;
}

std::vector<std::string_view> ${FUNCTION}Names() {
  std::vector<std::string_view> names;
  for (const File &file : files)
    names.push_back(file.name);
  return names;
}

} // namespace tenon
")
