"""Keras on TensorFlow: the model as its documentation writes it; mode jit compiles with XLA."""
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from common import CHECKED, PROBLEM, SECONDS, image, label, mode, weights, what
from problem import CLASSES, FILTERS, UNITS
from serving import serve

jit = mode == "jit"
name = "Keras jit_compile" if jit else "Keras"
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
layers = [keras.Input((PROBLEM.size, PROBLEM.size, PROBLEM.channels))]
for filters in FILTERS:
    layers += [keras.layers.Conv2D(filters, 3, padding=PROBLEM.padding, activation="relu"), keras.layers.MaxPooling2D(2)]
model = keras.Sequential(layers + [
    keras.layers.Flatten(),
    keras.layers.Dense(UNITS, activation="relu"),
    keras.layers.Dense(CLASSES, activation="softmax"),
])
model.set_weights([weights[f"{layer}.{part}"].reshape(array.shape)
                   for (layer, part), array in zip(
                       [(layer, part) for layer in ("first", "second", "third", "hidden", "output")
                        for part in ("kernel", "bias")], model.get_weights())])
# Epsilon as the others have it.
model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-8), loss="categorical_crossentropy", jit_compile=jit)

if what == "predict":
    x = tf.constant(image)
    call = tf.function(lambda x: model(x, training=False), jit_compile=jit)

    def predict():
        return call(x).numpy()

    def prepare():
        predict()
        return {"probabilities": predict()[0].tolist()}

    serve(prepare, predict, name, seconds=SECONDS)
else:
    data = tf.data.Dataset.from_tensor_slices((image, label)).cache().prefetch(2)

    def run():
        model.fit(data, epochs=1, verbose=0)

    def prepare():
        one = [data.skip(k).take(1) for k in range(CHECKED)]
        return {"losses": [model.fit(batch, epochs=1, verbose=0).history["loss"][0] for batch in one]}

    serve(prepare, run, name, len(image))
