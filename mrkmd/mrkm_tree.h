// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the northbound's tree.
 */
#ifndef MRKM_TREE_H
#define MRKM_TREE_H

#include <zebra.h>

#include "yang.h"

#include "gikev2/gikev2.h"

/*
 * The value of a leaf, NULL when it is not set.  Straight through the
 * siblings: an XPath evaluation a leaf is too slow for thousands of members.
 */
const char *mrkm_leaf(const struct lyd_node *parent, const char *name);

/* 0 when it is not set. */
uint32_t mrkm_leaf_number(const struct lyd_node *parent, const char *name);

/* True when it is set, or by default, to that value. */
bool mrkm_leaf_is(const struct lyd_node *parent, const char *name,
		  const char *value);

/* The first child of that name, and those of its name that follow it. */
const struct lyd_node *mrkm_child(const struct lyd_node *parent,
				  const char *name);
const struct lyd_node *mrkm_next(const struct lyd_node *node);

/* Writes a sentence and is the error. */
int mrkm_fail(char *problem, size_t size, const char *format, ...)
	PRINTFRR(3, 4);

#endif /* MRKM_TREE_H */
