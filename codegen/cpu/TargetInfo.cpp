//===- TargetInfo.cpp - The processor that code is made for ---------------===//
#include "codegen/cpu/TargetInfo.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>
#include <unistd.h>

using namespace tenon;
using namespace llvm;

static void initializeLlvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
  });
}

static bool hasAll(const StringMap<bool> &features, std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (!features.lookup(name))
      return false;
  return true;
}

static TargetInfo::Level levelOf(const StringMap<bool> &features) {
  if (!hasAll(features, {"avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"}))
    return TargetInfo::Level::Baseline;
  if (!hasAll(features, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
    return TargetInfo::Level::Avx2;
  return TargetInfo::Level::Avx512;
}

TargetInfo TargetInfo::forLevel(Level level) {
  TargetInfo info;
  info.level = level;
  info.triple = sys::getProcessTriple();
  if (Triple(info.triple).isAArch64()) {
    info.registers = 32;
    info.fma = true;
    info.cpu = "generic";
    return info;
  }
  switch (level) {
  case Level::Baseline:
    info.cpu = "x86-64-v2";
    break;
  case Level::Avx2:
    info.cpu = "x86-64-v3";
    info.vectorBits = 256;
    info.fma = true;
    break;
  case Level::Avx512:
    info.cpu = "x86-64-v4";
    info.features = "-prefer-256-bit";
    info.vectorBits = 512;
    info.registers = 32;
    info.fma = true;
    break;
  }
  return info;
}

TargetInfo TargetInfo::host() {
  TargetInfo info = forLevel(levelOf(sys::getHostCPUFeatures()));
#ifdef _SC_LEVEL1_DCACHE_SIZE
  if (long bytes = ::sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    info.l1Bytes = bytes;
  if (long bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
    info.l2Bytes = bytes;
#endif
  return info;
}

Expected<TargetInfo> TargetInfo::lowered(Level to) const {
  if (to > level)
    return createStringError("this machine has no %s, at most %s", levelName(to), levelName(level));
  TargetInfo info = forLevel(to);
  info.l1Bytes = l1Bytes;
  info.l2Bytes = l2Bytes;
  return info;
}

std::optional<TargetInfo::Level> TargetInfo::parseLevel(std::string_view name) {
  for (Level level : {Level::Baseline, Level::Avx2, Level::Avx512})
    if (name == levelName(level))
      return level;
  return std::nullopt;
}

const char *TargetInfo::levelName(Level level) {
  switch (level) {
  case Level::Baseline:
    return "baseline";
  case Level::Avx2:
    return "avx2";
  case Level::Avx512:
    return "avx512";
  }
  llvm_unreachable("a level without a name");
}

std::string TargetInfo::key() const { return triple + "/" + cpu; }

Expected<std::unique_ptr<TargetMachine>> TargetInfo::machine() const {
  initializeLlvm();
  std::string problem;
  Triple parsed(triple);
  const Target *target = TargetRegistry::lookupTarget(parsed, problem);
  if (!target)
    return createStringError(problem);
  TargetOptions options;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      parsed, cpu, features, options, Reloc::PIC_, CodeModel::Small, CodeGenOptLevel::Default));
  if (!machine)
    return createStringError("LLVM has no code generator for " + triple);
  return machine;
}
