"""Keras on TensorFlow: the model as its documentation writes it; --mode jit compiles with XLA."""
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from common import arguments, batches, serve

args = arguments()
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.layers.Embedding(args.words, args.width),
    keras.layers.LSTM(args.width, dropout=args.dropout, recurrent_dropout=args.dropout),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy",
              metrics=["accuracy"], jit_compile=args.mode == "jit")
tokens, labels = batches(args, args.steps)
data = tf.data.Dataset.from_tensor_slices((tokens, labels[..., None])).cache().prefetch(2)


def run():
    model.fit(data, epochs=1, verbose=0)


serve(run, run, "Keras" + (" jit_compile" if args.mode == "jit" else ""), args.steps)
