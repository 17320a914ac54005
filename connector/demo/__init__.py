"""A believable, fictional medico-social organisation, the same on every machine.

Source of the `demo` verb, of the tests and of the example exports: `organisation.py`
draws the pivot rows of each ET, one writer module per format gives them their file form.
"""
