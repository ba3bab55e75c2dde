// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemons that the modules live in: what zebra knows each of them by.
 */
#ifndef MRKM_HOSTS_H
#define MRKM_HOSTS_H

#include "mrkm/mrkm_sender.h"

/* ZAPI session of the module in `daemon`, with the daemon's own number (-n);
 * false: there is none. */
bool mrkm_host_peer(const char *daemon, uint16_t instance,
		    struct mrkm_peer *peer);

/* That of the module in zebra. */
extern const struct mrkm_peer mrkm_host_zebra;

bool mrkm_same_peer(const struct mrkm_peer *a, const struct mrkm_peer *b);

#endif /* MRKM_HOSTS_H */
