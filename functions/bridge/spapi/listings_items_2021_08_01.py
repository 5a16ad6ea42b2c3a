"""Listings Items API 2021-08-01: how often its operations may be called, by seller, application and kind of change.

https://developer-docs.amazon.com/sp-api/docs/listings-items-api-rate-limits has limits per application that Amazon's
model does not have. It tells no burst of them: that of the operation is taken. A change takes the operation that fits
what it holds; all variants of one operation come out of the same bucket of the seller.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.spapi.operation import Operation, Shared

_ITEM = "/listings/2021-08-01/items/{sellerId}/{sku}"

_VALIDATION_PREVIEW = Shared("listingsItems.validationPreview", rate=1, burst=1)
"""20 a second on the page of limits, 1 a second where the mode was announced: the lower, for both operations at once.

https://developer-docs.amazon.com/sp-api/changelog/update-listings-items-api-v2021-08-01-now-supports-previewing-errors
"""

GET_LISTINGS_ITEM = Operation(
    "getListingsItem", "GET", _ITEM, rate=5, burst=10, shared=(Shared("getListingsItem", rate=100, burst=10),)
)
DELETE_LISTINGS_ITEM = Operation(
    "deleteListingsItem", "DELETE", _ITEM, rate=5, burst=5, shared=(Shared("deleteListingsItem", rate=100, burst=5),)
)
PUT_LISTINGS_ITEM = Operation(
    "putListingsItem", "PUT", _ITEM, rate=5, burst=10, shared=(Shared("putListingsItem", rate=100, burst=10),)
)
PATCH_LISTINGS_ITEM = Operation(
    "patchListingsItem", "PATCH", _ITEM, rate=5, burst=5, shared=(Shared("patchListingsItem", rate=500, burst=5),)
)


def _as_well(operation: Operation, *special: Shared) -> Operation:
    """The scarcest first: what is taken first may wait longest for the others."""
    return replace(operation, shared=(*special, *operation.shared))


PUT_VARIATIONS = _as_well(PUT_LISTINGS_ITEM, Shared("putListingsItem.variations", rate=25, burst=10))
"""A listing with attributes of variations, such as child_parent_sku_relationship."""
PUT_VALIDATION_PREVIEW = _as_well(PUT_LISTINGS_ITEM, _VALIDATION_PREVIEW)
"""With mode=VALIDATION_PREVIEW: checked, and not kept."""
PATCH_VARIATIONS = _as_well(PATCH_LISTINGS_ITEM, Shared("patchListingsItem.variations", rate=5, burst=5))
PATCH_PRODUCT_DATA = _as_well(PATCH_LISTINGS_ITEM, Shared("patchListingsItem.productData", rate=100, burst=5))
"""A change of product data, such as item_name."""
PATCH_VALIDATION_PREVIEW = _as_well(PATCH_LISTINGS_ITEM, _VALIDATION_PREVIEW)
