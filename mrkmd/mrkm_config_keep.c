// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration of kept keys, read out of the northbound's tree.
 */
#include <zebra.h>

#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_tree.h"

void mrkm_config_read_keep(const struct lyd_node *tree,
			   struct mrkm_keep_config *config)
{
	const struct lyd_node *node = mrkm_child(tree, "keep-keys");
	const char *file, *key;

	memset(config, 0, sizeof(*config));
	if (!node)
		return;
	config->wanted = true;
	file = mrkm_leaf(node, "file");
	key = mrkm_leaf(node, "key");
	if (file)
		strlcpy(config->file, file, sizeof(config->file));
	if (key)
		strlcpy(config->key, key, sizeof(config->key));
}
