"""OpenVINO, for predictions, in f32: it would take bfloat16 where the processor has it."""
import numpy as np
import openvino

from common import PROBLEM, contend, image, weights
from model_onnx import model_bytes

core = openvino.Core()
model = core.read_model(model_bytes(PROBLEM, weights, len(image)))
settings = {"INFERENCE_NUM_THREADS": 2, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
request = core.compile_model(model, "CPU", settings).create_infer_request()
x = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
contend("OpenVINO", predict=lambda: request.infer({0: x})[0])
