//===- EvaluatePass.h - Prints what functions compute -----------*- C++ -*-===//
#pragma once

/// Makes `--evaluate` known: runs every function of a module, which takes no arguments, by the
/// reference interpreter and prints `@name`, then one line for each result. A failed check is a
/// diagnostic at its place, any other error one at the function. Options: `wide`, `unfused` (no
/// chains of fused multiply-adds), `symbols=n=3,m=4` (values of named dimensions).
void registerEvaluatePass();
