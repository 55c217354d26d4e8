"""The environment variables that numbers depend on, and those that a kernel gets."""

import os
from collections.abc import Mapping

# What the course computes with, whatever else is set.
FIXED = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # TensorFlow takes to oneDNN by itself only on processors with AVX-512; on others
    # its convolutions are a quarter faster too.
    "TF_ENABLE_ONEDNN_OPTS": "1",
}
# How the variables begin that change what TensorFlow, Keras, XLA, oneDNN (once called
# DNNL), OpenMP and CUDA do.
CHANGING_NUMBERS = (
    *("TF_CPP_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_DISABLE_", "TF_ENABLE_"),
    *("TF_FORCE_", "TF_NUM_", "TF_USE_"),
    *("KERAS_BACKEND", "XLA_FLAGS", "TF_XLA_FLAGS"),
    *("ONEDNN_", "DNNL_", "TF_ONEDNN_", "TF_SET_ONEDNN_"),
    *("OMP_", "MKL_", "OPENBLAS_", "CUDA_VISIBLE_DEVICES", "NVIDIA_TF32_"),
)
# How the variables begin that a kernel needs: programs and libraries, folders of the
# user and of caches, language, the network, a graphics card, Windows, and the course's.
NEEDED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_", "HOME", "USER", "LOGNAME"),
    *("XDG_CACHE_HOME", "MPLCONFIGDIR", "KERAS_HOME", "LANG", "LC_", "TZ"),
    *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_"),
    *("REQUESTS_CA_BUNDLE", "CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH"),
    *("SYSTEM", "WINDIR", "COMSPEC", "TEMP", "TMP", "APPDATA", "LOCALAPPDATA"),
    "MNIST_HELPERS_",
)


def settings(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that change numbers, the `FIXED` ones included."""
    return _beginning_with(CHANGING_NUMBERS, variables)


def kernel_environment() -> dict[str, str]:
    """Return the variables of a kernel in which every user gets the same numbers."""
    return _beginning_with(NEEDED, os.environ) | FIXED


def _beginning_with(
    beginnings: tuple[str, ...], variables: Mapping[str, str]
) -> dict[str, str]:
    return {
        name: variables[name]
        for name in sorted(variables)
        if name.upper().startswith(beginnings)
    }
