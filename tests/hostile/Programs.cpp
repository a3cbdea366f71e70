#include "tests/hostile/Programs.h"

#include "tests/hostile/Texts.h"

#include <set>

namespace tenon::test {

/// Large or strange, but without a mistake and within the bounds.
static const std::set<std::string> legalPrograms{"aliases_before_models",
                                                 "aliases_that_double_by_list",
                                                 "aliases_that_double_by_sum",
                                                 "aliases_with_many_dimensions",
                                                 "blank_lines",
                                                 "blanks",
                                                 "byte_order_mark",
                                                 "calls_that_double_gradient_of_gradient",
                                                 "carriage_returns",
                                                 "chained_pipes_200",
                                                 "chained_powers_to_the_right_200",
                                                 "comments",
                                                 "comments_in_brackets",
                                                 "constants_in_a_chain",
                                                 "doc_comments",
                                                 "doc_comments_between",
                                                 "doubling_arithmetic",
                                                 "doubling_concatenation",
                                                 "doubling_constant_sums",
                                                 "doubling_state",
                                                 "for_of_local_functions",
                                                 "for_of_scans",
                                                 "for_within_bounds",
                                                 "gradient_by_many",
                                                 "hessians_of_hessians",
                                                 "imports_in_a_short_chain",
                                                 "imports_of_each_other_below",
                                                 "long_comment",
                                                 "long_fraction",
                                                 "long_negative_exponent",
                                                 "loop_of_a_large_state",
                                                 "loop_with_a_large_bound",
                                                 "many_arguments_of_a_model",
                                                 "many_columns",
                                                 "many_constants",
                                                 "many_datasets",
                                                 "many_dimensions_of_an_alias",
                                                 "many_fields_of_a_model",
                                                 "many_fields_of_a_record_type",
                                                 "many_functions",
                                                 "many_indexed_lets",
                                                 "many_lets",
                                                 "many_lets_with_one_name",
                                                 "many_members",
                                                 "many_models",
                                                 "many_names_of_wrt",
                                                 "many_parameters",
                                                 "many_parameters_of_a_call",
                                                 "many_parts_of_a_fitting_pattern",
                                                 "many_sets",
                                                 "many_stages",
                                                 "many_subscripts_of_a_sum",
                                                 "many_unnamed_lets",
                                                 "nested_ands_200",
                                                 "nested_else_ifs_200",
                                                 "nested_function_types_200",
                                                 "nested_list_types_200",
                                                 "nested_negations_200",
                                                 "nested_nots_200",
                                                 "nested_powers_200",
                                                 "nested_record_types_200",
                                                 "nested_results_200",
                                                 "nested_sums_200",
                                                 "nested_tuple_types_200",
                                                 "nothing",
                                                 "power_of_powers",
                                                 "power_that_overflows",
                                                 "scan_of_a_large_state",
                                                 "scan_over_a_large_range",
                                                 "slashes",
                                                 "sum_of_many_dimensions"};

void PrintTo(const HostileProgram &program, std::ostream *out) { *out << program.name; }

std::vector<HostileProgram> hostilePrograms() {
  std::vector<HostileProgram> all;
  for (auto part : {tokenPrograms, nestedPrograms, doublingPrograms, loopPrograms,
                    dimensionPrograms, countedPrograms, mistakenPrograms, importPrograms})
    for (HostileProgram &program : part()) {
      program.isLegal = legalPrograms.count(program.name);
      all.push_back(std::move(program));
    }
  return all;
}

} // namespace tenon::test
