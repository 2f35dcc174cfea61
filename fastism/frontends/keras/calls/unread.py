"""Why operations that fastism runs as they are reach all positions, where that is known."""

from __future__ import annotations

UNKNOWN = "fastism does not know what it computes"
"""What is said of any other."""

_RECURRENT = "it is recurrent: an edit reaches every position that it reads later"
_ATTENTION = "every position attends to every other, so that an edit reaches all of them"
_THREE = "it is over three axes of positions, and windows are along one"
_LOOP = "it is a loop whose every step reads what the step before made"
_RANKS = "it ranks positions, or other entries, and an edit moves all that it passes"
_PRODUCT = (
    "it multiplies along an axis, and a factor of zero hides the others (of positive numbers, "
    "exp(sum(log(x))) stays on windows)"
)
FREQUENCIES = "every frequency is made of all positions (as a Conv1D, a filter stays on windows)"

_WHY = {
    _RECURRENT: "Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRU LSTM RNN SimpleRNN",
    _ATTENTION: "AdditiveAttention Attention GroupedQueryAttention MultiHeadAttention",
    _THREE: "AveragePooling3D Conv3D Conv3DTranspose Cropping3D GlobalAveragePooling3D "
    "GlobalMaxPooling3D MaxPooling3D UpSampling3D ZeroPadding3D",
    _LOOP: "AssociativeScan ForiLoop Scan StatelessWhile TensorListFromTensor While WhileLoop",
    _RANKS: "Argpartition Argsort Median Quantile Sort TopK",
    _PRODUCT: "Prod",
    FREQUENCIES: "FFT FFT2 FFT2D IFFT IFFT2 IFFT2D IRFFT IRFFT2D ISTFT MelSpectrogram RFFT RFFT2D "
    "STFT STFTSpectrogram",
}
"""The operations of Keras and of TensorFlow, by name, that each of them is said of."""


def why_whole(name: str, otherwise: str = UNKNOWN) -> str:
    """What is said of an operation that runs whole; ``otherwise`` where nothing is known of it."""
    return next((why for why, names in _WHY.items() if name in names.split()), otherwise)
