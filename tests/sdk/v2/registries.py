"""The address of the built-in algorithm's image in each of the regions that are named."""

import sys

from sagemaker import image_uris

for region in sys.argv[1:]:
    print(region, image_uris.retrieve("image-classification", region))
