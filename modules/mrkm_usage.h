// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which key chains the daemon's own configuration names.
 *
 * mrkmd may be late, or down.  Until it says which key chains are its own, a
 * daemon that finds one of them empty would send without authentication; so
 * the module looks for their names by itself.
 */
#ifndef MRKM_USAGE_H
#define MRKM_USAGE_H

#include "modules/mrkm_chain.h"

/* Key chains that are looked for; a name more is not protected. */
#define MRKM_USAGES_MAX MRKM_BINDINGS_MAX

/*
 * Begins to watch the configuration of `daemon`; `changed` is called when it
 * may name another key chain now, or the operator has worked on one, and that
 * cannot wait.
 */
void mrkm_usage_init(const char *daemon, void (*changed)(void));
void mrkm_usage_fini(void);

/* Looks through the configuration, unless nothing has happened to it. */
void mrkm_usage_refresh(void);

/* What was found; *count gets the number. */
const struct mrkm_usage *mrkm_usage_list(size_t *count);

#endif /* MRKM_USAGE_H */
