"""Tests in IR: RUN lines of .mlir files anywhere under tests/."""

import lit.formats

config.name = "tenon"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["Inputs"]
config.test_source_root = config.source_root
config.test_exec_root = config.exec_root
config.substitutions += [
    (r"\btenon-opt\b", config.tenon_opt),
    (r"\bFileCheck\b", config.filecheck + " --dump-input-filter=all"),
    (r"\bnot\b", config.tool_not),
]
