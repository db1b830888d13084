//! Emulators and clients for the tests of the data crate.

use cloudbase_core::Client;
use cloudbase_data::{Models, MySql};
use cloudbase_emulator::{Emulator, EmulatorBuilder};

pub(crate) const SCHEMA: &str = "
CREATE TABLE authors (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, mentor_id INT,
  CONSTRAINT fk_mentor FOREIGN KEY (mentor_id) REFERENCES authors (id));
CREATE TABLE books (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, title VARCHAR(80) NOT NULL, author_id INT,
  pages INT, price DECIMAL(30,10), big BIGINT UNSIGNED, done BOOLEAN NOT NULL DEFAULT FALSE, at DATETIME, `order` INT,
  CONSTRAINT fk_author FOREIGN KEY (author_id) REFERENCES authors (id));
INSERT INTO authors (id, name, mentor_id) VALUES (1, 'Ann', NULL), (2, 'Bob', 1), (3, 'Cy', NULL);
INSERT INTO books (id, title, author_id, pages, done) VALUES
  (1, 'Night Train', 1, 120, FALSE), (2, 'Harbour', 1, NULL, TRUE), (3, '100% milk', 2, 80, FALSE), (4, 'a,b)', NULL, 300, TRUE);
";

/// An emulator with the tables of [`SCHEMA`].
pub(crate) fn library() -> EmulatorBuilder {
    Emulator::builder().env_id("test-env").schema_sql(SCHEMA)
}

/// A client with the administrator's key.
pub(crate) fn admin(emulator: &Emulator) -> Client {
    client(emulator, emulator.api_key())
}

/// A client with this key.
pub(crate) fn client(emulator: &Emulator, key: &str) -> Client {
    Client::builder()
        .env_id(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(key)
        .build()
        .unwrap()
}

/// The database as the administrator sees it.
pub(crate) fn mysql(emulator: &Emulator) -> MySql {
    MySql::new(admin(emulator))
}

/// The models as the administrator sees them.
pub(crate) fn models(emulator: &Emulator) -> Models {
    Models::new(admin(emulator))
}
