import numpy as np
import pytest

from editloupe.editors.identity import Identity
from editloupe.errors import ImageError
from editloupe.records import EditRequest
from pictures import TRUNCATED, gradient, png, sample


def test_identity_returns_the_first_sources_in_order():
    requests = [EditRequest(sample(data=png(width, 20)), seed=0) for width in (20, 30, 25)]
    edited = Identity(Identity.Options()).edit(requests)
    assert [image.width for image in edited] == [20, 30, 25]
    assert np.array_equal(np.asarray(edited[1]), np.asarray(gradient(30, 20)))


def test_identity_does_not_pass_on_what_is_broken():
    with pytest.raises(ImageError):
        Identity(Identity.Options()).edit([EditRequest(sample(data=TRUNCATED["jpeg"]), seed=0)])
