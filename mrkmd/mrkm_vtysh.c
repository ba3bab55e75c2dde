// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vtysh's own part of mrkmd's command line: the commands that change nodes.
 * Compiled into vtysh alone, whose command.h knows the nodes (patches/).
 */
#include <zebra.h>

#include "command.h"
#include "vty.h"
#include "vtysh/vtysh.h"

#define MRKM_STR "Multicast router key management\n"

static struct cmd_node mrkm_node = {
	.name = "mrkm",
	.node = MRKM_NODE,
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-mrkm)# ",
};

static struct cmd_node mrkm_group_node = {
	.name = "mrkm group",
	.node = MRKM_GROUP_NODE,
	.parent_node = MRKM_NODE,
	.prompt = "%s(config-mrkm-group)# ",
};

static struct cmd_node mrkm_ks_node = {
	.name = "mrkm key server",
	.node = MRKM_KS_NODE,
	.parent_node = MRKM_NODE,
	.prompt = "%s(config-mrkm-ks)# ",
};

static struct cmd_node mrkm_ks_group_node = {
	.name = "mrkm key server group",
	.node = MRKM_KS_GROUP_NODE,
	.parent_node = MRKM_KS_NODE,
	.prompt = "%s(config-mrkm-ks-group)# ",
};

/* clang-format off */

DEFUNSH(VTYSH_MRKMD, mrkm_mrkm, mrkm_mrkm_cmd,
	"mrkm",
	MRKM_STR)
{
	vty->node = MRKM_NODE;
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_MRKMD, mrkm_group, mrkm_group_cmd,
	"group NAME$mrkm_group",
	"Group that this router is a member of\n"
	"Name of the group\n")
{
	vty->node = MRKM_GROUP_NODE;
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_MRKMD, mrkm_ks, mrkm_ks_cmd,
	"key-server",
	"This router as key server\n")
{
	vty->node = MRKM_KS_NODE;
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_MRKMD, mrkm_ks_group, mrkm_ks_group_cmd,
	"group NAME$mrkm_ks_group",
	"Group that this router is the key server of\n"
	"Name of the group\n")
{
	vty->node = MRKM_KS_GROUP_NODE;
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_MRKMD, mrkm_exit, mrkm_exit_cmd,
	"exit",
	"Exit current mode and down to previous mode\n")
{
	vty->node = node_parent(vty->node);
	return CMD_SUCCESS;
}

DEFUNSH(VTYSH_MRKMD, mrkm_quit, mrkm_quit_cmd,
	"quit",
	"Exit current mode and down to previous mode\n")
{
	return mrkm_exit(self, vty, argc, argv);
}

DEFUNSH(VTYSH_REALLYALL, mrkm_end, mrkm_end_cmd,
	"end",
	"End current mode and change to enable mode\n")
{
	vty->node = ENABLE_NODE;
	return CMD_SUCCESS;
}

/* clang-format on */

/* Called before vtysh's table of the daemons' commands fills the nodes. */
void mrkm_vtysh_init(void)
{
	install_node(&mrkm_node);
	install_node(&mrkm_group_node);
	install_node(&mrkm_ks_node);
	install_node(&mrkm_ks_group_node);

	install_element(CONFIG_NODE, &mrkm_mrkm_cmd);
	install_element(MRKM_NODE, &mrkm_group_cmd);
	install_element(MRKM_NODE, &mrkm_ks_cmd);
	/* Leaves the group: its own command of that name would hide it. */
	install_element(MRKM_GROUP_NODE, &mrkm_ks_cmd);
	install_element(MRKM_KS_NODE, &mrkm_ks_group_cmd);

	install_element(MRKM_NODE, &mrkm_exit_cmd);
	install_element(MRKM_NODE, &mrkm_quit_cmd);
	install_element(MRKM_NODE, &mrkm_end_cmd);

	install_element(MRKM_GROUP_NODE, &mrkm_exit_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_quit_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_end_cmd);

	install_element(MRKM_KS_NODE, &mrkm_exit_cmd);
	install_element(MRKM_KS_NODE, &mrkm_quit_cmd);
	install_element(MRKM_KS_NODE, &mrkm_end_cmd);

	install_element(MRKM_KS_GROUP_NODE, &mrkm_exit_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_quit_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_end_cmd);
}
