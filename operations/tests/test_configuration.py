"""docs/configuration.md says what the template says."""

import unittest

from operations.configuration import CONSEQUENCES, PAGE, TEMPLATE, page
from operations.template import Template


class Page(unittest.TestCase):
    def test_the_page_is_what_the_template_says(self):
        self.assertEqual(PAGE.read_text(), page(Template.read(TEMPLATE, {})), "make configuration")

    def test_every_parameter_has_a_group_and_a_consequence(self):
        body = Template.read(TEMPLATE, {}).body
        groups = body["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(body["Parameters"]))
        self.assertEqual(sorted(CONSEQUENCES), sorted(body["Parameters"]))


if __name__ == "__main__":
    unittest.main()
