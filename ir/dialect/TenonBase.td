//===- TenonBase.td - The dialect, its attributes and op classes ----------===//
#ifndef TENON_BASE_TD
#define TENON_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "ir/dialect/Interfaces.td"

def Tenon_Dialect : Dialect {
  let name = "tenon";
  let cppNamespace = "::tenon";
  let summary = "The graph IR of Tenon: tensors as values, with named dimensions";
  let description = [{
    Operations on tensors with value semantics. A tensor whose extents aren't all numbers carries
    them as an encoding: `tensor<?x128xf32, #tenon.dims<batch, 128>>`. Two types are equal if
    and only if their extents are equal as polynomials over the named dimensions.

    Element types: `i1` (bool), `i8`, `ui8` (u8), `i32`, `i64`, `f16`, `bf16`, `f32`, `f64`.
    Integers wrap. A division by zero gives 0; the remainder of a division by zero gives 0.
    A conversion from real to integer rounds towards zero, saturates, and makes NaN 0.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = "void registerAttributes();";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Tenon_DimsAttr : AttrDef<Tenon_Dialect, "Dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "A list of whole-number expressions over named dimensions";
  let description = [{
    As the encoding of a tensor type it gives every extent; a fixed extent is its number. On an op
    it lists extents or offsets. Each entry is in the normal form of `Dim` (`ir/dim/Dim.h`).
    Example: `#tenon.dims<batch, 2*time - 1, 128>`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$entries);
  let hasCustomAssemblyFormat = 1;
  let builders = [AttrBuilder<(ins "ArrayRef<Dim>":$dims)>];
  let extraClassDeclaration = [{
    SmallVector<Dim> getDims() const;
    size_t size() const { return getEntries().size(); }
  }];
}

def Tenon_Predicate : I32EnumAttr<"Predicate", "comparison", [
    I32EnumAttrCase<"eq", 0>, I32EnumAttrCase<"ne", 1>, I32EnumAttrCase<"lt", 2>,
    I32EnumAttrCase<"le", 3>, I32EnumAttrCase<"gt", 4>, I32EnumAttrCase<"ge", 5>]> {
  let cppNamespace = "::tenon";
}

def Tenon_Combiner : I32EnumAttr<"Combiner", "how a reduction joins values", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"prod", 1>, I32EnumAttrCase<"max", 2>,
    I32EnumAttrCase<"min", 3>, I32EnumAttrCase<"argmax", 4>, I32EnumAttrCase<"argmin", 5>,
    I32EnumAttrCase<"logsumexp", 6>, I32EnumAttrCase<"any", 7>, I32EnumAttrCase<"all", 8>]> {
  let cppNamespace = "::tenon";
}

def Tenon_Distribution : I32EnumAttr<"Distribution", "what a draw is distributed as", [
    I32EnumAttrCase<"uniform", 0>, I32EnumAttrCase<"normal", 1>,
    I32EnumAttrCase<"bernoulli", 2>, I32EnumAttrCase<"integers", 3>]> {
  let cppNamespace = "::tenon";
}

def Tenon_KernelKind : I32EnumAttr<"KernelKind", "which generator makes a kernel", [
    I32EnumAttrCase<"map", 0>, I32EnumAttrCase<"reduction", 1>,
    I32EnumAttrCase<"contraction", 2>, I32EnumAttrCase<"pack", 3>,
    I32EnumAttrCase<"scatter", 4>, I32EnumAttrCase<"copy", 5>,
    I32EnumAttrCase<"sort", 6>]> {
  let cppNamespace = "::tenon";
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def Tenon_Element : AnyTypeOf<[I1, I8, UI8, I32, I64, F16, BF16, F32, F64], "element">;
def Tenon_Real : AnyTypeOf<[F16, BF16, F32, F64], "real">;
def Tenon_Integer : AnyTypeOf<[I8, UI8, I32, I64], "integer">;
def Tenon_Number : AnyTypeOf<[I8, UI8, I32, I64, F16, BF16, F32, F64], "number">;

// A tensor's extents are numbers, or all are in `#tenon.dims`.
class Tenon_TensorOf<list<Type> elements>
    : RankedTensorOf<elements, [CPred<"::tenon::hasExtents($_self)">], "tensor">;
def Tenon_Tensor : Tenon_TensorOf<[Tenon_Element]>;
def Tenon_RealTensor : Tenon_TensorOf<[Tenon_Real]>;
def Tenon_NumberTensor : Tenon_TensorOf<[Tenon_Number]>;
def Tenon_IntegerTensor : Tenon_TensorOf<[Tenon_Integer]>;
def Tenon_BoolTensor : Tenon_TensorOf<[I1]>;
def Tenon_Scalar : 0DTensorOf<[Tenon_Element]>;
def Tenon_ScalarI64 : 0DTensorOf<[I64]>,
    BuildableType<"::mlir::RankedTensorType::get({}, $_builder.getI64Type())">;
def Tenon_ScalarI1 : 0DTensorOf<[I1]>,
    BuildableType<"::mlir::RankedTensorType::get({}, $_builder.getI1Type())">;

// Maps apply to tensors in the graph and to single elements in the body of a contraction.
def Tenon_MapValue : AnyTypeOf<[Tenon_Tensor, Tenon_Element], "tensor or element">;
def Tenon_RealMapValue : AnyTypeOf<[Tenon_RealTensor, Tenon_Real], "tensor of reals or one real">;
def Tenon_NumberMapValue : AnyTypeOf<[Tenon_NumberTensor, Tenon_Number],
                                     "tensor of numbers or one number">;
def Tenon_BoolMapValue : AnyTypeOf<[Tenon_BoolTensor, I1], "tensor of bools or one bool">;

class Tenon_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tenon_Dialect, mnemonic, traits>;

#endif
