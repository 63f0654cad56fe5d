import pytest

from diffpaint_lucent import class_index, class_names


@pytest.mark.parametrize(
    ("name", "number"),
    [("giant panda", 388), ("Giant Panda ", 388), ("985", 985), ("tench", 0), ("cardigan", 474), ("Cardigan", 264)],
)
def test_classes_are_found_by_name_and_number(name, number):
    assert class_index(name) == number
    assert len(class_names()) == 1000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1000", "no ImageNet class 1000; they are numbered from 0 to 999"),
        ("-1", "no ImageNet class -1"),
        ("giant pand", "did you mean giant panda"),
        ("setter", "English setter|english setter"),
        ("CARDIGAN", "2 classes 'CARDIGAN'; name one by its number: 264 or 474"),
        ("", "no ImageNet class ''"),
        ("qqqqqqqqqqqq", "numbered from 0 to 999, and named like 'giant panda'"),
    ],
)
def test_others_are_refused_with_the_nearest(name, said):
    with pytest.raises(ValueError, match=said):
        class_index(name)
