r"""Optimisers turn a gradient into a step.

An optimiser is a function of the learning rate :math:`\eta` and its options. It returns
a function ``step``. At every update `helpers.descent.gradient_descent` subtracts its
result for the gradient :math:`g = \nabla J(\theta)`,
:math:`\theta \leftarrow \theta - \mathrm{step}(g)`. Gradients are numbers or arrays;
state, such as a velocity, is kept between calls. All options are numbers in [0, 1).
To add an optimiser, write its function and list it in `OPTIMISERS`.
"""

import inspect
from difflib import get_close_matches

import numpy as np

from helpers.validation import validate_choice, validate_share


def plain(learning_rate):
    r"""Step against the gradient.

    .. math:: \theta \leftarrow \theta - \eta g

    Parameters
    ----------
    learning_rate : float or ndarray of shape (m,)
        Learning rate eta, positive.

    Returns
    -------
    step : callable
        Maps a gradient to the step, of the same shape.
    """

    def step(gradient):
        return learning_rate * gradient

    return step


def heavy_ball(learning_rate, momentum=0.9):
    r"""Keep a fraction :math:`\mu` of the last step: Polyak's heavy ball [1]_.

    .. math:: v \leftarrow \mu v + \eta g, \qquad \theta \leftarrow \theta - v

    Parameters
    ----------
    learning_rate : float or ndarray of shape (m,)
        Learning rate eta, positive.
    momentum : float
        Fraction mu of the last step that is kept.

    Returns
    -------
    step : callable
        Maps a gradient to the step, of the same shape.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration
       methods", 1964.
    """
    velocity = 0.0

    def step(gradient):
        nonlocal velocity
        velocity = momentum * velocity + learning_rate * gradient
        return velocity

    return step


def nesterov(learning_rate, momentum=0.9):
    r"""Look ahead: Nesterov's accelerated gradient [1]_.

    .. math:: x' = \theta - \eta g, \qquad \theta \leftarrow x' + \mu (x' - x), \qquad
       x \leftarrow x'

    The gradient is taken at :math:`\theta`, ahead of the points x. With the velocity
    :math:`v = x - x'` the step is :math:`\mu v + \eta g`.

    Parameters
    ----------
    learning_rate : float or ndarray of shape (m,)
        Learning rate eta, positive.
    momentum : float
        Fraction mu of the last step that is kept.

    Returns
    -------
    step : callable
        Maps a gradient to the step, of the same shape.

    References
    ----------
    .. [1] Y. Nesterov, "A method for solving the convex programming problem with
       convergence rate O(1/k^2)", 1983.
    """
    velocity = 0.0

    def step(gradient):
        nonlocal velocity
        velocity = momentum * velocity + learning_rate * gradient
        return momentum * velocity + learning_rate * gradient

    return step


def adam(learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    r"""Divide a running mean of the gradient by its root mean square: Adam [1]_.

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \qquad
        \theta \leftarrow \theta - \eta \,
        \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon}

    Parameters
    ----------
    learning_rate : float or ndarray of shape (m,)
        Learning rate eta, positive.
    beta_1, beta_2 : float
        Decay rates of the two running means.
    epsilon : float
        Prevents division by zero.

    Returns
    -------
    step : callable
        Maps a gradient to the step, of the same shape.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015.
    """
    t, m, v = 0, 0.0, 0.0

    def step(gradient):
        nonlocal t, m, v
        t = t + 1
        m = beta_1 * m + (1 - beta_1) * gradient
        v = beta_2 * v + (1 - beta_2) * gradient**2
        mean, mean_square = m / (1 - beta_1**t), v / (1 - beta_2**t)
        return learning_rate * mean / (np.sqrt(mean_square) + epsilon)

    return step


def rmsprop(learning_rate, decay=0.9, epsilon=1e-8):
    r"""Divide the gradient by its running root mean square: RMSProp [1]_.

    .. math::

        v \leftarrow \rho v + (1 - \rho) g^2, \qquad
        \theta \leftarrow \theta - \eta \, \frac{g}{\sqrt v + \varepsilon}

    Parameters
    ----------
    learning_rate : float or ndarray of shape (m,)
        Learning rate eta, positive.
    decay : float
        Decay rate rho of the running mean square.
    epsilon : float
        Prevents division by zero.

    Returns
    -------
    step : callable
        Maps a gradient to the step, of the same shape.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Neural Networks for
       Machine Learning, 2012.
    """
    v = 0.0

    def step(gradient):
        nonlocal v
        v = decay * v + (1 - decay) * gradient**2
        return learning_rate * gradient / (np.sqrt(v) + epsilon)

    return step


OPTIMISERS = {
    "plain": plain,
    "heavy-ball": heavy_ball,
    "nesterov": nesterov,
    "adam": adam,
    "rmsprop": rmsprop,
}


# Arguments of `gradient_descent` that are not options of an optimiser.
SETTINGS = ("learning_rate", "n_iterations", "initialisation", "start", "optimiser")
SETTINGS += ("batch_size", "rng")


def options_of(optimiser):
    """Return the options of the named optimiser, with their defaults.

    Raises
    ------
    ValueError
        If there is no such optimiser.
    """
    validate_choice("optimiser", optimiser, OPTIMISERS)
    _, *options = inspect.signature(OPTIMISERS[optimiser]).parameters.values()
    return {option.name: option.default for option in options}


def all_options(optimiser, options):
    """Add the defaults of the options of an optimiser that are not given.

    Raises
    ------
    ValueError
        If there is no such optimiser or option, or an option is not in [0, 1).
    """
    defaults = options_of(optimiser)
    for name, value in options.items():
        if name not in defaults:
            raise ValueError(
                f"optimiser {optimiser!r} has no option {name!r}, it has "
                f"{', '.join(defaults) or 'none'}{_hint(name)}"
            )
        validate_share(name, value)
    return defaults | options


def _hint(name):
    """Suggest the optimisers with such an option, or a setting of a similar name."""
    owners = [optimiser for optimiser in OPTIMISERS if name in options_of(optimiser)]
    near = get_close_matches(name, SETTINGS, n=1)
    if owners:
        return f"; {', '.join(owners)} have it"
    return f"; did you mean {near[0]!r}?" if near else ""


def make_optimiser(optimiser, learning_rate, **options):
    """Return the function that maps each gradient to its step.

    Parameters
    ----------
    optimiser : str
        A name in `OPTIMISERS`.
    learning_rate : float or ndarray of shape (m,)
        Positive.
    **options : float
        Options of the optimiser, checked by `all_options`.
    """
    options = all_options(optimiser, options)
    return OPTIMISERS[optimiser](learning_rate, **options)
