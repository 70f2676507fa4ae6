/* SPDX-License-Identifier: MIT */
/* The receiving side of an attempt: called inside libcurl's callbacks, or as what came to another
 * loop arrives, it only notes and copies. */
#ifndef FETCH_RECEIVE_H
#define FETCH_RECEIVE_H

#include "net/transfer.h"

/* The receiver; its arg is the struct attempt. */
const struct receiver *receive_into(void);

#endif
