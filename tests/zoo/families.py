"""The families of published models, and the small model that each is built as."""

FAMILIES = {
    "Predictions of the whole sequence": {
        "DeepBind": "deepbind",
        "DeepSEA": "deepsea",
        "Basset": "basset",
        "Factorized Basset": "factorized_basset",
        "DanQ": "danq",
        "DeepSTARR": "deepstarr",
        "LegNet": "legnet",
        "ResidualBind": "residualbind",
        "Optimus 5-Prime": "optimus",
        "APARENT": "aparent",
        "Xpresso": "xpresso",
        "attention that pools": "attention_pool",
        "scBasset": "scbasset",
    },
    "Both strands": {
        "keras-genomics, RevComp layers": "keras_genomics",
        "DeepAC": "deepac_cnn",
        "DeepAC, residual": "deepac_resnet",
        "janggu": "janggu",
        "DeepTopic, DeepFlyBrain": "deeptopic",
    },
    "Tracks along the sequence": {
        "BPNet": "bpnet_same",
        "BPNet without padding": "bpnet",
        "ChromBPNet": "chrombpnet",
        "CLIPNET": "clipnet",
        "SpliceAI": "spliceai",
        "Basenji": "basenji",
        "Basenji, softmax pools and squeeze-excite": "basenji_excited",
        "Akita": "akita",
        "Borzoi, its trunk": "borzoi_trunk",
        "Enformer": "enformer",
        "Enformer, its stem": "enformer_stem",
    },
}
