//===- JitImageTest.cpp - Programs as bytes, and bytes as programs --------===//
#include "codegen/cpu/Optimize.h"
#include "codegen/jit/Load.h"
#include "runtime/core/abi.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <gtest/gtest.h>

using namespace tenon;

namespace {

/// f(x: f32[n]) -> f32[n]: every thread writes its part of x + 1, all meet, and check 0 fails where
/// the first element isn't positive.
std::string objectOfIncrement() {
  llvm::LLVMContext context;
  llvm::Module module("increment", context);
  llvm::IRBuilder<> b(context);
  auto *ptr = b.getPtrTy();
  llvm::Type *i64 = b.getInt64Ty(), *i32 = b.getInt32Ty(), *none = b.getVoidTy();
  auto make = [&](const char *name, llvm::ArrayRef<llvm::Type *> types) {
    auto *function = llvm::Function::Create(llvm::FunctionType::get(none, types, false),
                                            llvm::Function::ExternalLinkage, name, module);
    b.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", function));
    return function;
  };
  auto *body = make("body_f", {ptr, i32, i32});
  llvm::Value *frame = body->getArg(0);
  auto field = [&](unsigned i, llvm::Type *type) {
    return b.CreateLoad(type, b.CreateConstGEP1_64(ptr, frame, i));
  };
  llvm::Value *in = b.CreateLoad(ptr, field(0, ptr)), *out = b.CreateLoad(ptr, field(1, ptr));
  llvm::Value *n = b.CreateLoad(i64, field(3, ptr));
  llvm::Value *thread = b.CreateSExt(body->getArg(1), i64);
  llvm::Value *threads = b.CreateSExt(body->getArg(2), i64);
  llvm::Value *from = b.CreateSDiv(b.CreateMul(n, thread), threads);
  llvm::Value *to = b.CreateSDiv(b.CreateMul(n, b.CreateAdd(thread, b.getInt64(1))), threads);
  auto *start = b.GetInsertBlock();
  auto block = [&](const char *name) { return llvm::BasicBlock::Create(context, name, body); };
  auto *head = block("head"), *loop = block("loop"), *done = block("done");
  b.CreateBr(head);
  b.SetInsertPoint(head);
  auto *i = b.CreatePHI(i64, 2);
  i->addIncoming(from, start);
  b.CreateCondBr(b.CreateICmpSLT(i, to), loop, done);
  b.SetInsertPoint(loop);
  auto *f32 = b.getFloatTy();
  llvm::Value *x = b.CreateLoad(f32, b.CreateGEP(f32, in, i));
  b.CreateStore(b.CreateFAdd(x, llvm::ConstantFP::get(f32, 1)), b.CreateGEP(f32, out, i));
  i->addIncoming(b.CreateAdd(i, b.getInt64(1)), loop);
  b.CreateBr(head);
  b.SetInsertPoint(done);
  auto callee = [&](const char *name, llvm::ArrayRef<llvm::Type *> types) {
    return module.getOrInsertFunction(name, llvm::FunctionType::get(none, types, false));
  };
  b.CreateCall(callee("tenon_barrier", {ptr}), {frame});
  auto *bad = block("bad"), *end = block("end");
  b.CreateCondBr(b.CreateFCmpOGT(b.CreateLoad(f32, in), llvm::ConstantFP::get(f32, 0)), end, bad);
  b.SetInsertPoint(bad);
  b.CreateCall(callee("tenon_check_failed", {ptr, i64, i64}),
               {frame, b.getInt64(0), b.getInt64(0)});
  b.CreateBr(end);
  b.SetInsertPoint(end);
  b.CreateRetVoid();

  auto *plan = make("plan_f", {ptr, ptr, ptr});
  b.CreateStore(b.getInt64(0), plan->getArg(1));
  b.CreateStore(b.CreateLoad(i64, plan->getArg(0)), plan->getArg(2));
  b.CreateRetVoid();
  auto *inputs = make("inputs_f", {ptr, ptr});
  b.CreateStore(b.CreateLoad(i64, inputs->getArg(0)), inputs->getArg(1));
  b.CreateRetVoid();

  auto target = TargetInfo::host();
  llvm::cantFail(optimize(module, target));
  return llvm::cantFail(emitObject(module, target));
}

ProgramImage imageOfIncrement() {
  ProgramImage image;
  image.numericMode = "fma";
  image.metadata = "what the tool keeps \"quoted\"\n";
  EntryInfo entry;
  entry.name = "f";
  entry.symbols = {"n"};
  entry.inputs = {{"x", "input", TENON_F32, {Dim::symbol("n")}, -1}};
  entry.outputs = {{"y", "result", TENON_F32, {Dim::symbol("n")}, 0}};
  entry.checks = {{"not positive", "f.tn:1:2"}};
  entry.bodySymbol = "body_f";
  entry.planSymbol = "plan_f";
  entry.inputDimsSymbol = "inputs_f";
  image.entries = {entry};
  image.objects = {{"increment", objectOfIncrement()}};
  return image;
}

TEST(JitImage, comes_back_as_it_was) {
  ProgramImage image = imageOfIncrement();
  std::string bytes = serialize(image);
  auto back = deserialize(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->numericMode, image.numericMode);
  EXPECT_EQ(back->metadata, image.metadata);
  ASSERT_EQ(back->entries.size(), 1u);
  EXPECT_EQ(back->entries[0].inputs[0].dims, image.entries[0].inputs[0].dims);
  EXPECT_EQ(back->entries[0].checks[0].location, "f.tn:1:2");
  ASSERT_EQ(back->objects.size(), 1u);
  EXPECT_EQ(back->objects[0].bytes, image.objects[0].bytes);
  EXPECT_EQ(serialize(*back), bytes);
}

TEST(JitImage, truncated_or_changed_bytes_are_refused) {
  ProgramImage image = imageOfIncrement();
  image.objects = {{"small", "not machine code"}};
  std::string bytes = serialize(image);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(deserialize(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(deserialize(bytes + "x"));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] ^= 1 << bit % 8;
    EXPECT_FALSE(deserialize(changed)) << "bit " << bit;
  }
}

TEST(JitImage, a_header_that_makes_no_sense_is_refused) {
  auto refused = [](auto change) {
    ProgramImage image = imageOfIncrement();
    change(image.entries[0]);
    return !deserialize(serialize(image));
  };
  EXPECT_FALSE(refused([](EntryInfo &) {}));
  EXPECT_TRUE(refused([](EntryInfo &entry) { entry.outputs[0].alias = 1; }));
  EXPECT_TRUE(refused([](EntryInfo &entry) { entry.outputs[0].alias = -2; }));
  EXPECT_TRUE(refused([](EntryInfo &entry) { entry.inputs[0].dtype = 99; }));
  EXPECT_TRUE(refused([](EntryInfo &entry) { entry.inputs[0].dims = {Dim::symbol("m")}; }));
  EXPECT_TRUE(
      refused([](EntryInfo &entry) { entry.inputs[0].dims.assign(TENON_MAX_RANK + 1, Dim(1)); }));
}

tenon_status call(tenon_context *context, const tenon_entry *entry, std::vector<float> &x,
                  std::vector<float> &y) {
  int64_t n = x.size();
  tenon_tensor in = {x.data(), TENON_F32, 1, &n, nullptr},
               out = {y.data(), TENON_F32, 1, &n, nullptr};
  return tenon_call(context, entry, &in, &out);
}

TEST(JitLoad, runs_on_any_number_of_threads_and_reports_checks) {
  auto loaded = LoadedProgram::load(imageOfIncrement());
  ASSERT_TRUE(bool(loaded)) << llvm::toString(loaded.takeError());
  const tenon_entry *entry = tenon_find((*loaded)->program(), "f");
  ASSERT_TRUE(entry);
  EXPECT_STREQ(entry->symbols[0], "n");
  for (int threads : {1, 2, 3}) {
    tenon_context *context = nullptr;
    ASSERT_EQ(tenon_context_create(nullptr, threads, &context), TENON_OK);
    std::vector<float> x = {1, 2, 3, 4, 5, 6, 7}, y(7);
    EXPECT_EQ(call(context, entry, x, y), TENON_OK) << tenon_context_message(context);
    EXPECT_EQ(y, (std::vector<float>{2, 3, 4, 5, 6, 7, 8}));
    x[0] = -1;
    EXPECT_EQ(call(context, entry, x, y), TENON_CHECK_FAILED);
    EXPECT_NE(std::string(tenon_context_message(context)).find("not positive"), std::string::npos);
    tenon_context_destroy(context);
  }
}

TEST(JitLoad, an_object_that_cannot_be_linked_is_an_error) {
  ProgramImage missing = imageOfIncrement();
  missing.entries[0].bodySymbol = "nowhere";
  auto loaded = LoadedProgram::load(std::move(missing));
  EXPECT_FALSE(bool(loaded));
  llvm::consumeError(loaded.takeError());
  ProgramImage garbage = imageOfIncrement();
  garbage.objects[0].bytes = "not an object file";
  loaded = LoadedProgram::load(std::move(garbage));
  EXPECT_FALSE(bool(loaded));
  llvm::consumeError(loaded.takeError());
}

} // namespace
