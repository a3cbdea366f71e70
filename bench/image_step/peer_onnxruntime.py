"""ONNX Runtime, for predictions."""
import numpy as np
import onnxruntime

from common import PROBLEM, contend, image, weights
from model_onnx import model_bytes

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model_bytes(PROBLEM, weights, len(image)), options, ["CPUExecutionProvider"])
x = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
contend("ONNX Runtime", predict=lambda: session.run(None, {"image": x})[0])
