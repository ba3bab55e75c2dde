// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the northbound's tree.
 */
#include <zebra.h>

#include "mrkmd/mrkm_tree.h"

const char *mrkm_leaf(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *node = mrkm_child(parent, name);

	return node ? lyd_get_value(node) : NULL;
}

uint32_t mrkm_leaf_number(const struct lyd_node *parent, const char *name)
{
	const char *value = mrkm_leaf(parent, name);

	return value ? strtoul(value, NULL, 10) : 0;
}

bool mrkm_leaf_is(const struct lyd_node *parent, const char *name,
		  const char *value)
{
	const char *is = mrkm_leaf(parent, name);

	return is && !strcmp(is, value);
}

const struct lyd_node *mrkm_child(const struct lyd_node *parent,
				  const char *name)
{
	const struct lyd_node *child;

	LY_LIST_FOR(lyd_child(parent), child)
		if (!strcmp(child->schema->name, name))
			return child;
	return NULL;
}

const struct lyd_node *mrkm_next(const struct lyd_node *node)
{
	const struct lysc_node *schema = node->schema;

	LY_LIST_FOR(node->next, node)
		if (node->schema == schema)
			return node;
	return NULL;
}

int mrkm_fail(char *problem, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintfrr(problem, size, format, ap);
	va_end(ap);
	return -1;
}
