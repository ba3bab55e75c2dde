// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as a program: life, commands, callbacks.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "peer.h"

void peer_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("peer: ", stderr);
	vfprintf(stderr, format, ap);
	fputs("\n", stderr);
	va_end(ap);
	exit(2);
}

uint64_t peer_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * GIKEV2_SECOND + ts.tv_nsec / 1000;
}

/* --------------------------------------------------------------- callbacks */

static int on_random(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	return RAND_priv_bytes(octets, len) == 1 ? 0 : -1;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	const struct peer *self = arg;

	(void)role;
	(void)cookie;
	(void)peer;
	*secret = self->psk;
	return secret->len ? 0 : -GIKEV2_ERR_NO_CREDENTIAL;
}

static void on_auth_policy(void *arg, enum gikev2_role role, void *cookie,
			   const struct gikev2_id *peer,
			   struct gikev2_auth_policy *policy)
{
	struct peer *self = arg;

	(void)role;
	(void)cookie;
	(void)peer;
	*policy = (struct gikev2_auth_policy){
		.own = self->own,
		.peer = self->others,
		.credentials = (const struct gikev2_credential *const *)
				       self->credentials,
		.credential_count = self->credential_count,
		.anchors = self->anchors,
		.wall_clock = time(NULL),
	};
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	(void)arg;
	(void)cookie;
	(void)peer;
	return 0;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	(void)cookie;
	peer_report_keys(arg, rows, count);
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	(void)arg;
	peer_report_event(event);
}

static void on_keylog(void *arg, const struct gikev2_keylog *keys)
{
	struct peer *self = arg;
	char line[GIKEV2_KEYLOG_LINE_MAX];

	if (gikev2_keylog_line(keys, line, sizeof(line)) < 0)
		peer_die("a line of the key log is too long");
	fputs(line, self->keylog);
	fflush(self->keylog);
}

static const struct gikev2_callbacks callbacks = {
	.output = peer_output,
	.random = on_random,
	.psk = on_psk,
	.auth_policy = on_auth_policy,
	.authorize = on_authorize,
	.keys = on_keys,
	.multicast = peer_multicast,
	.event = on_event,
};

/* ---------------------------------------------------------------- commands */

/* The SA that is in use: the youngest that is established. */
static struct gikev2_ike *current_ike(const struct peer *peer)
{
	struct gikev2_ike *ike;

	for (ike = peer->engine->ikes; ike; ike = ike->next)
		if (ike->state == GIKEV2_IKE_ESTABLISHED)
			return ike;
	return NULL;
}

static void want(struct peer *peer, enum gikev2_want what)
{
	struct gikev2_ike *ike = current_ike(peer);

	if (ike)
		gikev2_want(ike, what, peer_now());
	else
		printf("{\"refused\": \"no IKE SA\"}\n");
}

static void ask_again(struct peer *peer)
{
	struct gikev2_ike *ike = current_ike(peer);

	if (ike && ike->ties)
		gikev2_tie_register(ike, ike->ties, peer_now());
	else
		printf("{\"refused\": \"no IKE SA of a member\"}\n");
}

static void delete_ike(struct peer *peer)
{
	struct gikev2_ike *ike = current_ike(peer);

	if (ike)
		gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, peer_now());
}

static void command(struct peer *peer, const char *line)
{
	if (strcmp(line, "rekey-ike") == 0)
		want(peer, GIKEV2_WANT_REKEY_IKE);
	else if (strcmp(line, "liveness") == 0)
		want(peer, GIKEV2_WANT_LIVENESS);
	else if (strcmp(line, "register") == 0)
		ask_again(peer);
	else if (strcmp(line, "delete-ike") == 0)
		delete_ike(peer);
	else if (strcmp(line, "roll") == 0)
		gikev2_group_rekey(peer->group, peer_now());
	else if (strcmp(line, "join") == 0 && !peer->member)
		peer->member = gikev2_member_add(
			peer->engine, peer, &peer->member_config, peer_now());
	else if (strcmp(line, "leave") == 0 && peer->member) {
		gikev2_member_del(peer->member, peer_now());
		peer->member = NULL;
	} else if (strcmp(line, "quit") == 0)
		peer->quit = true;
	else if (strcmp(line, "status") != 0)
		peer_die("unknown command \"%s\"", line);
	gikev2_bury(peer->engine);
	peer_report_status(peer);
}

/* Whole lines out of what comes, however it comes. */
static void read_commands(struct peer *peer)
{
	static char buf[256];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, buf + len, sizeof(buf) - len);
	char *end;

	if (n <= 0) {
		peer->quit = true;
		return;
	}
	len += n;
	while ((end = memchr(buf, '\n', len)) != NULL) {
		size_t used = end + 1 - buf;

		*end = '\0';
		command(peer, buf);
		memmove(buf, buf + used, len - used);
		len -= used;
	}
	if (len == sizeof(buf))
		peer_die("a command is too long");
}

/* -------------------------------------------------------------------- life */

static void start(struct peer *peer)
{
	peer->engine = gikev2_new(&callbacks, peer, &peer->params);
	if (!peer->engine)
		peer_die("the engine does not start");
	gikev2_set_identity(peer->engine, &peer->identity);
	if (peer->keylog)
		gikev2_set_keylog(peer->engine, on_keylog);
	peer_open_sockets(peer);
	if (peer->group_config.protocol_count) {
		peer->group = gikev2_group_add(peer->engine, peer,
					       &peer->group_config, peer_now());
		if (!peer->group)
			peer_die("the engine refuses to serve that group");
	}
	printf("{\"ready\": true}\n");
}

/* Milliseconds until the engine wants to be called; rounded up. */
static int patience(const struct peer *peer)
{
	uint64_t due = gikev2_next_deadline(peer->engine), now = peer_now();

	if (due <= now)
		return 0;
	due = (due - now + 999) / 1000;
	return due > 1000 ? 1000 : (int)due;
}

static void turn(struct peer *peer)
{
	struct pollfd fds[1 + PEER_SOCKETS] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	for (size_t i = 0; i < PEER_SOCKETS; i++)
		fds[1 + i] = (struct pollfd){ .fd = peer->sockets[i].fd,
					      .events = POLLIN };
	if (poll(fds, 1 + PEER_SOCKETS, patience(peer)) < 0 && errno != EINTR)
		peer_die("poll: %s", strerror(errno));
	for (size_t i = 0; i < PEER_SOCKETS; i++)
		if (fds[1 + i].revents)
			peer_read(peer, &peer->sockets[i]);
	gikev2_expire(peer->engine, peer_now());
	peer_report_changes(peer);
	if (fds[0].revents)
		read_commands(peer);
}

static void finish(struct peer *peer)
{
	gikev2_free(peer->engine);
	for (size_t i = 0; i < peer->credential_count; i++)
		gikev2_credential_free(peer->credentials[i]);
	gikev2_anchors_free(peer->anchors);
	gikev2_key_free(peer->sign_key);
	if (peer->keylog)
		fclose(peer->keylog);
}

int main(int argc, char **argv)
{
	static struct peer peer;

	/* whoever started us is gone, and so are we */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	peer_take_arguments(&peer, argc, argv);
	start(&peer);
	while (!peer.quit)
		turn(&peer);
	finish(&peer);
	return 0;
}
