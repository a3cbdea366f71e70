//===- TenonOps.td - All ops of the dialect -------------------------------===//
include "ir/dialect/MapOps.td"
include "ir/dialect/ContractOps.td"
include "ir/dialect/MovementOps.td"
include "ir/dialect/ControlOps.td"
