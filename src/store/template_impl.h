/* SPDX-License-Identifier: MIT */
/*
 * What reading and rendering a template share.
 *
 *     "{host}/x-{index:06}{.ext}"   HOST  SLASH  TEXT "x-"  INDEX 6  EXT
 *
 * Invariant: a relative template holds no component ".."; its last part is no SLASH; no two TEXT
 * parts stand side by side.
 */
#ifndef STORE_TEMPLATE_IMPL_H
#define STORE_TEMPLATE_IMPL_H

#include "store/template.h"

#include <stddef.h>

enum part_kind {
    PART_TEXT,
    PART_SLASH,
    PART_NAME,
    PART_STEM,
    PART_EXT,
    PART_HOST,
    PART_DIRS,
    PART_QUERY,
    PART_INDEX,
    PART_ID,
    PART_KEY,
};

struct part {
    enum part_kind kind;
    char *text;      /* owned; TEXT, KEY, or the parameter of QUERY; else NULL */
    unsigned number; /* digits of INDEX, directories that DIRS drops */
};

struct template
{
    struct part *parts; /* owned; at least one */
    size_t count;
    bool absolute;
};

#endif
