"""The number of the formulas: finished points of a scan are taken up again only under the same one."""

FORMULAS = 17  # raised with every change of the golden numbers; tests/golden/formulas.csv holds their history
