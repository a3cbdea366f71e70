"""The image classifier as an ONNX model, channels first, for ONNX Runtime and OpenVINO."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_torch import kernels
from problem import CLASSES


def model_bytes(problem, weights, batch):
    """For a fixed batch, which lets runtimes plan."""
    assert problem.padding == "valid"
    named = kernels(problem, weights)
    nodes, at = [], "image"

    def add(op, *inputs, **attributes):
        nonlocal at
        nodes.append(helper.make_node(op, [at, *inputs], [f"value_{len(nodes)}"], **attributes))
        at = f"value_{len(nodes) - 1}"

    for name in ("first", "second", "third"):
        add("Conv", f"{name}.weight", f"{name}.bias")
        add("Relu")
        add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    add("Flatten")
    add("Gemm", "hidden.weight", "hidden.bias", transB=1)
    add("Relu")
    add("Gemm", "output.weight", "output.bias", transB=1)
    add("Softmax", axis=1)
    shape = [batch, problem.channels, problem.size, problem.size]
    graph = helper.make_graph(
        nodes, "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(at, TensorProto.FLOAT, [batch, CLASSES])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in named.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()
