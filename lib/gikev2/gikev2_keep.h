// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Group member: keys that survive its process.
 */
#ifndef GIKEV2_KEEP_H
#define GIKEV2_KEEP_H

#include "gikev2/gikev2_int.h"

/* The member's rows have changed: they are saved, or with none left what was
 * saved of them is forgotten. */
void gikev2_member_keep(struct gikev2_member *member);

#endif /* GIKEV2_KEEP_H */
