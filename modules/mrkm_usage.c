// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which key chains the daemon's own configuration names.
 *
 * FRR has no common place for that.  ospfd and ospf6d keep it in structures of
 * their own, but say it when they write their configuration; ripd has it in
 * its YANG tree.  Writing a configuration takes its time, so it is done at
 * leisure after commands that may have changed it; a name in a command counts
 * at once.
 */
#include <zebra.h>

#include "buffer.h"
#include "command.h"
#include "hook.h"
#include "libfrr.h"
#include "memory.h"
#include "northbound.h"
#include "vty.h"

#include "modules/mrkm_usage.h"

/* Of lib/command.c, which has no header for it. */
DECLARE_KOOH(cmd_execute_done, (struct vty * vty, const char *cmd_exec),
	     (vty, cmd_exec));

#define RIP_INTERFACES "/frr-interface:lib/interface/frr-ripd:rip"

static void look_at_text(void);
static void look_at_tree(void);

static const struct source {
	const char *daemon;
	void (*look)(void);
} sources[] = {
	{ "ospfd", look_at_text },
	{ "ospf6d", look_at_text },
	{ "ripd", look_at_tree },
};

/* Blocks of the configuration that name key chains. */
static const enum node_type text_nodes[] = { INTERFACE_NODE, OSPF_NODE };

static struct {
	const struct source *source;
	void (*changed)(void);
	bool stale;	  /* a command was executed since the last look */
	uint32_t version; /* of the YANG tree, at the last look */
	size_t count;
	struct mrkm_usage usages[MRKM_USAGES_MAX];
} usage;

static void add(const char *key_chain, bool exposed)
{
	if (!mrkm_name_valid(key_chain))
		return;
	for (size_t i = 0; i < usage.count; i++)
		if (!strcmp(usage.usages[i].key_chain, key_chain)) {
			usage.usages[i].exposed |= exposed;
			return;
		}
	if (usage.count == MRKM_USAGES_MAX)
		return;
	usage.usages[usage.count].exposed = exposed;
	strlcpy(usage.usages[usage.count++].key_chain, key_chain,
		sizeof(usage.usages[0].key_chain));
}

/* --------------------------------------------------------------------- text */

static bool begins(const char *word, const char *beginning)
{
	return !strncmp(word, beginning, strlen(beginning));
}

/*
 * Adds the name from "... authentication key-chain NAME", also when it is
 * spelled "keychain" or was typed with fewer letters.  The line is cut up.
 */
static bool add_from_line(char *line)
{
	const char *word, *before = "", *last = "";

	while ((word = strsep(&line, " \t\r"))) {
		if (!*word)
			continue;
		if (begins(before, "au") && begins(last, "k")) {
			add(word, false);
			return true;
		}
		if (!strcmp(word, "no"))
			return false;
		before = last;
		last = word;
	}
	return false;
}

static void look_at_node(struct vty *vty, enum node_type type)
{
	const struct cmd_node *node = vector_lookup(cmdvec, type);
	char *text, *rest, *line;

	if (!node || !node->config_write)
		return;
	node->config_write(vty);
	rest = text = buffer_getstr(vty->obuf);
	buffer_reset(vty->obuf);
	while ((line = strsep(&rest, "\n")))
		add_from_line(line);
	XFREE(MTYPE_TMP, text);
}

static void look_at_text(void)
{
	struct vty *vty;

	if (!usage.stale)
		return;
	usage.stale = false;
	usage.count = 0;
	vty = vty_new();
	vty->type = VTY_TERM; /* nothing of it leaves the buffer */
	for (size_t i = 0; i < array_size(text_nodes); i++)
		look_at_node(vty, text_nodes[i]);
	vty_close(vty);
}

/* ---------------------------------------------------------------- YANG tree */

static int add_from_tree(const struct lyd_node *dnode, void *arg)
{
	const char *mode = "none";

	if (!yang_dnode_exists(dnode, "./authentication-key-chain"))
		return YANG_ITER_CONTINUE;
	if (yang_dnode_exists(dnode, "./authentication-scheme/mode"))
		mode = yang_dnode_get_string(dnode,
					     "./authentication-scheme/mode");
	add(yang_dnode_get_string(dnode, "./authentication-key-chain"),
	    !strcmp(mode, "plain-text"));
	return YANG_ITER_CONTINUE;
}

static void look_at_tree(void)
{
	if (!running_config || usage.version == running_config->version)
		return;
	usage.version = running_config->version;
	usage.count = 0;
	yang_dnode_iterate(add_from_tree, NULL, running_config->dnode, "%s",
			   RIP_INTERFACES);
}

/* -------------------------------------------------------------------- hooks */

/* Is it about key chains themselves, such as "no key chain CORE"? */
static bool is_about_keys(const char *command)
{
	if (begins(command, "no "))
		command += strlen("no ");
	return begins(command, "k");
}

/* In a daemon that has its configuration from vtysh. */
static int command_done(struct vty *vty, const char *command)
{
	char line[256];

	if (!command || !vty->config)
		return 0;
	usage.stale = true;
	strlcpy(line, command + strspn(command, " "), sizeof(line));
	if (is_about_keys(line) || add_from_line(line))
		usage.changed();
	return 0;
}

/* In a daemon that has it from a file of its own. */
static int config_read(struct event_loop *loop)
{
	usage.stale = true;
	mrkm_usage_refresh();
	usage.changed();
	return 0;
}

void mrkm_usage_init(const char *daemon, void (*changed)(void))
{
	for (size_t i = 0; i < array_size(sources); i++)
		if (!strcmp(sources[i].daemon, daemon))
			usage.source = &sources[i];
	if (!usage.source)
		return;
	usage.changed = changed;
	usage.stale = true;
	hook_register(cmd_execute_done, command_done);
	hook_register(frr_config_post, config_read);
}

void mrkm_usage_fini(void)
{
	if (!usage.source)
		return;
	hook_unregister(cmd_execute_done, command_done);
	hook_unregister(frr_config_post, config_read);
	usage.source = NULL;
	usage.count = 0;
}

void mrkm_usage_refresh(void)
{
	if (usage.source)
		usage.source->look();
}

const struct mrkm_usage *mrkm_usage_list(size_t *count)
{
	*count = usage.count;
	return usage.usages;
}
