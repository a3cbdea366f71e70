#include "frontend/syntax/Parser.h"

namespace tenon {

using namespace ast;

const Type *Parser::errorType() { return node<ErrorType>(range(token())); }

TypeDim Parser::typeDim() {
  TypeDim dim;
  dim.range = range(token());
  if (accept(TokenKind::Ellipsis)) {
    dim.ellipsis = true;
    return dim;
  }
  dim.extent = expr();
  dim.range = dim.extent->range;
  return dim;
}

const Type *Parser::namedType() {
  uint32_t begin = token().begin;
  auto *result = node<NamedType>({});
  result->path = path("of a type");
  if (!panic_ && at(TokenKind::LeftBracket)) {
    auto open = static_cast<uint32_t>(at_);
    take();
    Restore<bool> head(inHead_, false);
    std::vector<TypeDim> dims;
    while (!panic_ && !at(TokenKind::RightBracket)) {
      dims.push_back(typeDim());
      if (!accept(TokenKind::Comma))
        break;
    }
    closeBracket(open);
    result->hasDims = true;
    result->dims = keep(dims);
  }
  result->range = rangeFrom(begin);
  return result;
}

const Type *Parser::recordType() {
  auto open = static_cast<uint32_t>(at_);
  uint32_t begin = take().begin;
  std::vector<Param> fields;
  skipNewlines();
  while (!panic_ && !at(TokenKind::RightBrace)) {
    Param field;
    field.name = expectName("of a field");
    expect(TokenKind::Colon);
    field.type = type();
    field.range = rangeFrom(field.name.range.begin);
    fields.push_back(field);
    bool separated = accept(TokenKind::Comma) || at(TokenKind::Newline);
    skipNewlines();
    if (!separated)
      break;
  }
  closeBracket(open);
  auto *result = node<RecordType>(rangeFrom(begin));
  result->fields = keep(fields);
  return result;
}

const Type *Parser::functionType() {
  uint32_t begin = take().begin;
  auto *result = node<FunctionType>({});
  auto open = static_cast<uint32_t>(at_);
  std::vector<const Type *> params;
  if (expect(TokenKind::LeftParen)) {
    while (!panic_ && !at(TokenKind::RightParen)) {
      params.push_back(type());
      if (!accept(TokenKind::Comma))
        break;
    }
    closeBracket(open);
  }
  expect(TokenKind::Arrow);
  result->params = keep(params);
  result->result = type();
  result->range = rangeFrom(begin);
  return result;
}

const Type *Parser::stringsType() {
  uint32_t begin = token().begin;
  std::vector<std::string_view> values;
  do {
    if (!at(TokenKind::String)) {
      unexpected("a string");
      break;
    }
    values.push_back(stringValue(take()));
  } while (accept(TokenKind::Bar));
  auto *result = node<StringsType>(rangeFrom(begin));
  result->values = keep(values);
  return result;
}

const Type *Parser::type() {
  Level level(*this);
  if (panic_ || tooDeep())
    return errorType();
  uint32_t begin = token().begin;
  auto open = static_cast<uint32_t>(at_);
  switch (kind()) {
  case TokenKind::LeftParen: {
    take();
    std::vector<const Type *> items;
    bool comma = false;
    while (!panic_ && !at(TokenKind::RightParen)) {
      items.push_back(type());
      comma = accept(TokenKind::Comma);
      if (!comma)
        break;
    }
    closeBracket(open);
    // As with values, `(A)` is `A`.
    if (items.size() == 1 && !comma)
      return items.front();
    auto *result = node<TupleType>(rangeFrom(begin));
    result->items = keep(items);
    return result;
  }
  case TokenKind::LeftBracket: {
    take();
    auto *result = node<ListType>({});
    result->item = type();
    closeBracket(open);
    result->range = rangeFrom(begin);
    return result;
  }
  case TokenKind::LeftBrace:
    return recordType();
  case TokenKind::Fn:
    return functionType();
  case TokenKind::String:
    return stringsType();
  case TokenKind::Name:
    if (atWord("like") && kind(1) == TokenKind::Name) {
      take();
      auto *result = node<LikeType>({});
      result->name = identOf(take());
      result->range = rangeFrom(begin);
      return result;
    }
    return namedType();
  default:
    unexpected("a type");
    return errorType();
  }
}

} // namespace tenon
