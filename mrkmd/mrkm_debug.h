// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `debug mrkm ...` switches.
 */
#ifndef MRKM_DEBUG_H
#define MRKM_DEBUG_H

#include <zebra.h>

#include "debug.h"

extern struct debug mrkm_dbg_events;  /* registrations, rolls */
extern struct debug mrkm_dbg_packets; /* datagrams in and out */
extern struct debug mrkm_dbg_keys;    /* keys (never their octets) */
extern struct debug mrkm_dbg_channel; /* messages of the key channel */

void mrkm_debug_init(void);

#endif /* MRKM_DEBUG_H */
