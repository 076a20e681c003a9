"""Shared by the tests: explicit tensors, textbook boosts and pulls, written without the package."""

import itertools
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def load_script(path):
    """Return a script of the checkout, which is in no package, as a module."""
    loader = SourceFileLoader(Path(path).stem, str(ROOT / path))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def _levi_civita():
    tensor = np.zeros((4, 4, 4, 4))
    for order in itertools.permutations(range(4)):
        tensor[order] = np.linalg.det(np.eye(4)[list(order)])
    return tensor


LEVI_CIVITA = _levi_civita()


def dot(p, q):
    """Minkowski product of four-vectors (4, n)."""
    return p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]


def lower(p):
    """Covariant components of a contravariant (4, n)."""
    return METRIC @ p


def vertex(q, k):
    """V^{mu alpha} = eps^{mu nu alpha beta} q_nu k_beta of the portal for momenta (4,)."""
    return np.einsum("mnab,n,b->ma", LEVI_CIVITA, lower(q), lower(k))


def spin_sum(q, k):
    """Portal tensor: the vertex squared, summed over the spins of k (k k terms drop out)."""
    v = vertex(q, k)
    return -v @ METRIC @ v.T


def four_momentum(mass, space):
    """Four-momenta (4, n) of three-momenta (3, n)."""
    space = np.asarray(space, dtype=float)
    return np.concatenate([np.sqrt(mass**2 + np.sum(space**2, axis=0))[None], space])


def isotropic(rng, n):
    z, azimuth = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
    return np.array([np.sqrt(1 - z * z) * np.cos(azimuth), np.sqrt(1 - z * z) * np.sin(azimuth), z])


def to_rest_frame(momentum, frame):
    """Textbook pure boost of (4, n) into the rest frame of `frame` (4, n)."""
    beta = frame[1:] / frame[0]
    beta2 = np.sum(beta**2, axis=0)
    gamma = 1.0 / np.sqrt(1.0 - beta2)
    along = np.sum(beta * momentum[1:], axis=0)
    scale = (gamma - 1.0) / np.where(beta2 > 0, beta2, 1.0) * along - gamma * momentum[0]
    return np.concatenate([(gamma * (momentum[0] - along))[None], momentum[1:] + scale * beta])


def unit(vectors):
    return vectors / np.sqrt(np.sum(vectors**2, axis=0))


def unstable_of(pair):
    """Four-momentum of the heavier state of a pair, which decays."""
    return pair.axion if pair.current.m_axion > pair.current.m_dark_photon else pair.dark_photon


def assert_on_shell(momentum, mass, tolerance=1e-9):
    """Every particle by itself: |p^2 - m^2| below the tolerance times E^2."""
    excess = np.abs(dot(momentum, momentum) - mass**2)
    assert np.all(excess <= tolerance * momentum[0] ** 2)
    assert np.all(momentum[0] >= mass * (1 - tolerance))


def pull(values, expected):
    """(mean - expected)/error of independent values; |pull| > 4.5 has a chance of 7e-6."""
    return (np.mean(values) - expected) / (np.std(values) / np.sqrt(len(values)))


def bin_chi2(values, weights, edges, expected):
    """chi2 of the mean weight per bin against its exact expectation; one degree of freedom per bin."""
    total = 0.0
    for (low, high), exact in zip(itertools.pairwise(edges), expected, strict=True):
        inside = np.where((values >= low) & (values < high), weights, 0.0)
        total += pull(inside, exact) ** 2
    return total


def spin_correlation(cos_theta, cos_star, phi_star):
    """W of the module `dark_photon_decay`, in closed form; its integral is 64 pi/9."""
    c2, sine2 = np.square(cos_theta), 1.0 - np.square(cos_star)
    return (1.0 + c2) - sine2 * (np.square(np.cos(phi_star)) + c2 * np.square(np.sin(phi_star)))


def chain_angles(first_photon, axion, dark_photon, photon):
    """Cos theta, cos theta*, phi* of the methods notes, section 5, from four-momenta in any one frame.

    theta: first photon and gamma' in the (a gamma') rest frame; theta*, phi*: the second photon in the
    gamma' rest frame reached by a direct boost from there, z* along the gamma', x* towards the first photon.
    """
    pair = axion + dark_photon
    first, prime, second = (to_rest_frame(p, pair) for p in (first_photon, dark_photon, photon))
    n = unit(to_rest_frame(second, prime)[1:])
    z, towards = unit(prime[1:]), unit(first[1:])
    cosine = np.sum(z * towards, axis=0)
    x = unit(towards - cosine * z)
    y = np.cross(z, x, axis=0)
    azimuth = np.arctan2(np.sum(n * y, axis=0), np.sum(n * x, axis=0))
    return cosine, np.sum(n * z, axis=0), azimuth


# name -> mean under W and for isotropic decay of the moments below
CHAIN_MOMENTS = {
    "c^2": (0.4, 0.4),
    "u^2": (0.4, 1 / 3),
    "c^2 u^2": (0.16, 0.4 / 3),
    "s^2 cos 2f": (-0.1, 0.0),
    "c^2 s^2 cos 2f": (-0.02, 0.0),
    "s^2 sin 2f": (0.0, 0.0),
    "u": (0.0, 0.0),
    "c u s cos f": (0.0, 0.0),
    "u s sin f": (0.0, 0.0),
}


def chain_moment(name, c, u, f):
    """Return a moment of c = cos theta, u = cos theta*, s = sin theta*, f = phi*."""
    s = np.sqrt(1 - u**2)
    values = {"c": c, "c^2": c**2, "u": u, "u^2": u**2, "s": s, "s^2": s**2}
    values |= {"cos f": np.cos(f), "sin f": np.sin(f), "cos 2f": np.cos(2 * f), "sin 2f": np.sin(2 * f)}
    product = 1.0
    for factor in name.replace("cos ", "cos_").replace("sin ", "sin_").split():
        product = product * values[factor.replace("_", " ")]
    return product
