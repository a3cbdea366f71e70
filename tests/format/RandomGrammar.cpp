#include "tests/format/RandomGrammar.h"

namespace tenon::test {

const Grammar &randomGrammar() {
  static const Grammar grammar = {
      {"file", {"$declaration ; {*5 $declaration ; *}"}},
      {"declaration",
       {"1: import $path {+50 , $path +}", "1: $model", "1: $dataset", "1: $train", "1: $alias",
        "1: $let", "2: $function"}},

      // Words
      {"name",
       {"x", "y", "weight", "h_next", "état", "model", "state", "train", "batch", "split",
        "learning_rate", "column", "b2", "a_rather_long_name_of_a_value"}},
      {"number", {"0", "1", "10_000", "0.5", "1e-3", "2.5e8", "1.0", "123456789"}},
      {"string", {R"("same")", R"("a_//_b")", R"("\n\"\\")", R"("größer")"}},
      {"path", {"$name {+25 . $name +}"}},

      // Expressions
      {"expr", {"$default {?20 {*6 |> $path {?40 $args ?} *} ?}"}},
      {"default", {"$range {?5 else $range ?}"}},
      {"range", {"$or {?3 .. $or ?}"}},
      {"or", {"$and {+3 or $and +}"}},
      {"and", {"$not {+3 and $not +}"}},
      {"not", {"{?5 not ?} $comparison"}},
      {"comparison", {"$sum {~6 $compares $sum ~}"}},
      {"compares", {"<", "==", ">=", "!=", "<=", ">"}},
      {"sum", {"$product {+15 $adds $product +}"}},
      {"adds", {"+", "-"}},
      {"product", {"$unary {+15 $multiplies $unary +}"}},
      {"multiplies", {"*", "/", "%", "@"}},
      {"unary", {"{+8 - +} $power"}},
      {"power", {"$postfix {?5 ** $unary ?}"}},
      {"postfix", {"7: $name {+25 $suffix +}", "1: $literal", "2: $bracketed {+25 $suffix +}"}},
      {"suffix", {"$args", "$slots", ". $name"}},
      {"literal", {"$number", "$string", "true", "_"}},
      {"bracketed",
       {"( $expr )", "( {,4 $expr ,} )", "[ {,5 $expr ,} ]", "[ {,60 $number ,} ]", "$record",
        "$if", "( $reduction )"}},
      {"record", {"{ }", "{ {*3 $name : $expr $separator *} $name : $expr {?60 , ?} }"}},
      {"separator", {",", ";"}},
      {"args",
       {"( {,3 $expr ,} )", "( {,3 $name = $expr ,} )", "( $expr , {,3 $name = $expr ,} )"}},
      {"slots", {"[ $slot {*3 , $slot *} {?15 , ?} ]"}},
      {"slot", {"$name", "...", "$expr", "{?60 $expr ?} : {?60 $expr ?}"}},
      {"if", {"3: if $expr $block else $block", "1: if $expr $block else $if"}},
      {"reduction",
       {"1: $reduces $indices ( $expr )",
        "2: $reduces $indices $name {?50 $slots ?} {*3 * $name {?50 $slots ?} *}"}},
      {"reduces",
       {"sum", "mean", "prod", "max", "min", "argmax", "argmin", "logsumexp", "any", "all"}},
      {"indices", {"[ $index {*3 , $index *} {?15 , ?} ]", "[ ... {*3 , $index *} {?15 , ?} ]"}},
      {"index", {"4: $name", "1: $name : $expr"}},

      // Statements
      {"block", {"{ $statements $value }"}},
      {"loop_block", {"{ $statements $value {?60 yield $expr ?} }"}},
      {"statements", {"{~60 $statement ; {~50 $statement ; ~} ~}"}},
      {"statement",
       {"$let", "set $name {?30 $indices ?} = $value", "$name = $value", "$require", "$scan",
        "loop $pattern = $expr while $expr {?50 at most $expr ?} $block", "$for", "$if"}},
      {"let",
       {"let $name {?40 : $type ?} = $value", "let $pattern = $value",
        "let $name $indices = $reduction", "let $name $indices = $expr", "let $name $tail"}},
      {"value", {"5: $expr", "1: $scan", "1: $for"}},
      {"scan",
       {"scan {?70 $pattern = $expr ?} over $pattern in $expr {?40 along $name ?} $loop_block"}},
      {"for", {"for $pattern in $expr $loop_block"}},
      {"pattern", {"4: $name", "1: _", "2: ( {,4 $pattern ,} )"}},
      {"require", {"require $name > $sum , $string"}},

      // Types
      {"dims", {"4: [ {,4 $sum ,} ]", "1: [ ... {*3 , $sum *} ]"}},
      {"type",
       {"f32", "$path {?70 $dims ?}", "$path $dims", "( {,4 $type ,} )", "[ $type ]", "{ }",
        "{ {*3 $name : $type $separator *} $name : $type {?60 , ?} }",
        "fn ( {,3 $type ,} ) -> $type", "like $name", "$string {+50 | $string +}"}},

      // Declarations
      {"params", {"( {,5 $param ,} )"}},
      {"param", {"7: $name : $type {?30 = $expr ?}", "3: $name = $expr"}},
      {"tail", {"$params {?60 -> $type ?} = $expr", "$params {?60 -> $type ?} $block"}},
      {"function",
       {"9: fn $name $tail", "1: @ custom_gradient ( $name ) {?50 ; ?} fn $name $tail"}},
      {"model", {"model $name {?60 $params ?} { {?85 $member {*6 ; $member *} ?} }"}},
      {"member",
       {"$name = $value", "$keeps $name {?20 [ $name {?50 , $name ?} ] ?} : $type {?70 = $expr ?}",
        "$function", "$alias", "$require"}},
      {"keeps", {"param", "state"}},
      {"dataset", {"dataset $name { {?85 $field {*5 ; $field *} ?} }"}},
      {"field",
       {"{?40 $name ?} from $expr", "$name : $type = $expr",
        "split $name $number {*3 , $name $number *}"}},
      {"train", {"train $path {?50 $args ?} on $name { {?85 $setting {*5 ; $setting *} ?} }"}},
      {"setting", {"1: $let", "4: $name = $value"}},
      {"alias", {"type $name {?40 [ {,3 $name ,} ] ?} = $type"}},
  };
  return grammar;
}

} // namespace tenon::test
