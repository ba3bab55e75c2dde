// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * modules/mrkm_listen.c: a process that is a client of itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "test_util.h"

#include "modules/mrkm_listen.h"

#define CLIENTS_MAX 64

static char directory[] = "/tmp/test_listen.XXXXXX";
static int clients[CLIENTS_MAX];
static size_t count;

static struct sockaddr_un address_of(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory,
		 name);
	return address;
}

/* As zebra does. */
static int listen_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)address,
		     sizeof(address->sun_family) + strlen(address->sun_path)),
		0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* False: it would have to wait. */
static bool connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) <
	    0) {
		assert_int_equal(errno, EAGAIN);
		close(fd);
		return false;
	}
	assert_true(count < CLIENTS_MAX);
	clients[count++] = fd;
	return true;
}

static void no_room(void **state)
{
	struct sockaddr_un ours = address_of("ours"),
			   other = address_of("other");
	int first = listen_at(&other), second = listen_at(&ours);

	(void)state;
	while (connect_to(&ours))
		;
	assert_true(count < CLIENTS_MAX / 2);
	assert_true(mrkm_listen_widen((const struct sockaddr *)&ours,
				      sizeof(ours)));
	for (int i = 0; i < CLIENTS_MAX / 2; i++)
		assert_true(connect_to(&ours));
	/* those who waited are served */
	for (size_t i = 0; i < count; i++) {
		close(accept(second, NULL, NULL));
		close(clients[i]);
	}
	count = 0;
	while (connect_to(&other))
		;
	assert_true(count < CLIENTS_MAX / 2);
	while (count)
		close(clients[--count]);
	close(first);
	close(second);
	unlink(ours.sun_path);
	unlink(other.sun_path);
}

static void nobody_listens(void **state)
{
	struct sockaddr_un ours = address_of("ours");

	(void)state;
	assert_false(mrkm_listen_widen((const struct sockaddr *)&ours,
				       sizeof(ours)));
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_room),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests_name("listen", tests, setup, teardown);
}
