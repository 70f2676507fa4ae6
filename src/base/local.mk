# SPDX-License-Identifier: MIT
# The files of src/base.
