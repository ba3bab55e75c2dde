// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key chains in a daemon that has none: pimd and pim6d.
 *
 * Since key chains are configured through YANG, their model has to be loaded
 * into the daemon's northbound.  libfrr does that for all models at once, when
 * the daemon starts; for one that comes later, its schema nodes are given their
 * northbound nodes here.
 */
#include <zebra.h>

#include "keychain.h"
#include "northbound.h"
#include "yang.h"

#include "modules/mrkm_module.h"

static const struct frr_yang_module_info *const models[] = {
	&ietf_key_chain_info,
	&ietf_key_chain_deviation_info,
};

static const struct lys_module *loaded[array_size(models)];

static int check_config_only(const struct lysc_node *snode, void *arg)
{
	bool *config_only = arg;

	if (!CHECK_FLAG(snode->flags, LYS_CONFIG_R))
		return YANG_ITER_CONTINUE;
	*config_only = false;
	return YANG_ITER_STOP;
}

static uint8_t flags_of(const struct lysc_node *snode)
{
	bool config_only = true;
	uint8_t flags = 0;

	if (!CHECK_FLAG(snode->nodetype, LYS_CONTAINER | LYS_LIST))
		return 0;
	yang_snodes_iterate_subtree(snode, NULL, check_config_only, 0,
				    &config_only);
	if (config_only)
		SET_FLAG(flags, F_NB_NODE_CONFIG_ONLY);
	if (snode->nodetype == LYS_LIST && yang_snode_num_keys(snode) == 0)
		SET_FLAG(flags, F_NB_NODE_KEYLESS_LIST);
	return flags;
}

/* An own allocation: libfrr counts its nodes, and asserts that it frees them. */
static int add_node(const struct lysc_node *snode, void *arg)
{
	const struct frr_yang_module_info *model = arg;
	struct lysc_node *parent = yang_snode_real_parent(snode);
	struct lysc_node *list = yang_snode_parent_list(snode);
	struct nb_node *node = calloc(1, sizeof(*node));

	if (!node)
		abort();
	yang_snode_get_path(snode, YANG_PATH_DATA, node->xpath,
			    sizeof(node->xpath));
	node->priority = NB_DFLT_PRIORITY;
	node->parent = parent ? parent->priv : NULL;
	node->parent_list = list ? list->priv : NULL;
	node->flags = flags_of(snode);
	if (model->ignore_cfg_cbs)
		SET_FLAG(node->flags, F_NB_NODE_IGNORE_CFG_CBS);
	node->snode = snode;
	((struct lysc_node *)snode)->priv = node;
	return YANG_ITER_CONTINUE;
}

static int remove_node(const struct lysc_node *snode, void *arg)
{
	free(snode->priv);
	((struct lysc_node *)snode)->priv = NULL;
	return YANG_ITER_CONTINUE;
}

static void add_callbacks(const struct frr_yang_module_info *model)
{
	struct nb_node *node;

	for (size_t i = 0; model->nodes[i].xpath; i++) {
		node = nb_node_find(model->nodes[i].xpath);
		if (!node)
			continue;
		node->cbs = model->nodes[i].cbs;
		if (model->nodes[i].priority)
			node->priority = model->nodes[i].priority;
	}
}

void mrkm_keychain_yang_init(void)
{
	if (yang_module_find(models[0]->name))
		return;
	for (size_t i = 0; i < array_size(models); i++)
		loaded[i] =
			yang_module_load(models[i]->name, models[i]->features)
				->info;
	for (size_t i = 0; i < array_size(models); i++) {
		yang_snodes_iterate(loaded[i], add_node, 0, (void *)models[i]);
		add_callbacks(models[i]);
	}
}

void mrkm_keychain_yang_fini(void)
{
	for (size_t i = 0; i < array_size(models); i++)
		if (loaded[i])
			yang_snodes_iterate(loaded[i], remove_node, 0, NULL);
}
