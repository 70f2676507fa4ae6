# SPDX-License-Identifier: MIT
# The files of src/store.
