/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: nursery
-- ------------------------------------------------------
-- Server version	10.11.19-MariaDB-0+deb12u1

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Current Database: `nursery`
--

/*!40000 DROP DATABASE IF EXISTS `nursery`*/;

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `nursery` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;

USE `nursery`;

--
-- Table structure for table `empty one`
--

DROP TABLE IF EXISTS `empty one`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `empty one` (
  `key` int(11) NOT NULL,
  `a``b` text DEFAULT NULL,
  PRIMARY KEY (`key`)
) ENGINE=Aria DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_unicode_ci PAGE_CHECKSUM=1;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `empty one`
--
-- ORDER BY:  `key`

LOCK TABLES `empty one` WRITE;
/*!40000 ALTER TABLE `empty one` DISABLE KEYS */;
/*!40000 ALTER TABLE `empty one` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `grower`
--

DROP TABLE IF EXISTS `grower`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `grower` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s; the "key"',
  `name` varchar(60) NOT NULL DEFAULT '',
  `mail` varchar(120) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `level` enum('new','it''s old','x,y') NOT NULL DEFAULT 'new',
  `flags` set('a','b','c') DEFAULT NULL,
  `score` double unsigned DEFAULT 0,
  `since` date DEFAULT NULL,
  `at` datetime(3) DEFAULT NULL,
  `changed` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  PRIMARY KEY (`id`),
  UNIQUE KEY `uk_mail` (`mail`) USING BTREE COMMENT 'one each',
  KEY `ix_name` (`name`(10)),
  FULLTEXT KEY `ft` (`name`)
) ENGINE=InnoDB AUTO_INCREMENT=40 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci ROW_FORMAT=DYNAMIC COMMENT='people; who grow';
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `grower`
--
-- ORDER BY:  `id`

LOCK TABLES `grower` WRITE;
/*!40000 ALTER TABLE `grower` DISABLE KEYS */;
INSERT IGNORE INTO `grower` VALUES
(1,'Lin; -- no comment','lin@example.org','new','a,c',1.5,'2024-02-29','2024-02-29 12:13:14.567','2024-01-01 00:00:00'),
(2,'O\'Hara \\ \"q\" \n	\r\0 \Z å¼ ä¸‰ ðŸ˜€',NULL,'it\'s old','',0,NULL,NULL,'2024-01-02 00:00:00'),
(39,'/* x */ # y',NULL,'x,y',NULL,1e300,'0000-00-00','0000-00-00 00:00:00.000','2024-01-02 00:00:00');
/*!40000 ALTER TABLE `grower` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `log`
--

DROP TABLE IF EXISTS `log`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `log` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `day` date NOT NULL,
  `what` varchar(20) DEFAULT NULL,
  PRIMARY KEY (`id`,`day`)
) ENGINE=MyISAM AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci PAGE_CHECKSUM=1
 PARTITION BY RANGE (to_days(`day`))
(PARTITION `p0` VALUES LESS THAN (738000) ENGINE = MyISAM,
 PARTITION `p1` VALUES LESS THAN MAXVALUE ENGINE = MyISAM);
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `log`
--
-- ORDER BY:  `id`,`day`

LOCK TABLES `log` WRITE;
/*!40000 ALTER TABLE `log` DISABLE KEYS */;
INSERT IGNORE INTO `log` VALUES
(5,'2024-01-01','a'),
(6,'2024-01-02','b');
/*!40000 ALTER TABLE `log` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `plant`
--

DROP TABLE IF EXISTS `plant`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `plant` (
  `grower_id` int(10) unsigned NOT NULL,
  `no` smallint(5) unsigned zerofill NOT NULL,
  `tiny` tinyint(1) DEFAULT NULL,
  `u` tinyint(3) unsigned DEFAULT NULL,
  `med` mediumint(9) DEFAULT NULL,
  `big` bigint(20) DEFAULT NULL,
  `price` decimal(12,4) DEFAULT NULL,
  `ratio` float DEFAULT NULL,
  `exact` double DEFAULT NULL,
  `bits` bit(8) DEFAULT b'101',
  `on_` bit(1) NOT NULL DEFAULT b'0',
  `c` char(5) DEFAULT NULL,
  `raw` binary(4) DEFAULT NULL,
  `vraw` varbinary(20) DEFAULT NULL,
  `tt` tinytext DEFAULT NULL,
  `t` text DEFAULT NULL,
  `mt` mediumtext DEFAULT NULL,
  `lt` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  `tb` tinyblob DEFAULT NULL,
  `b` blob DEFAULT NULL,
  `mb` mediumblob DEFAULT NULL,
  `lb` longblob DEFAULT NULL,
  `d` date DEFAULT NULL,
  `tm` time DEFAULT NULL,
  `tm3` time(3) DEFAULT NULL,
  `y` year(4) DEFAULT NULL,
  `meta` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`meta`)),
  `loc` char(36) NOT NULL DEFAULT uuid(),
  PRIMARY KEY (`grower_id`,`no`),
  KEY `price` (`price` DESC),
  CONSTRAINT `fk_grower` FOREIGN KEY (`grower_id`) REFERENCES `grower` (`id`) ON DELETE CASCADE ON UPDATE NO ACTION,
  CONSTRAINT `positive` CHECK (`price` > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `plant`
--
-- ORDER BY:  `grower_id`,`no`

LOCK TABLES `plant` WRITE;
/*!40000 ALTER TABLE `plant` DISABLE KEYS */;
INSERT IGNORE INTO `plant` VALUES
(1,00007,1,255,-8388608,9223372036854775807,12.3456,1.5,0.1,'ÿ','','abc','\0ÿ\'','\'\0\\\n','tt','t;\'x\'','mt','lt','\0','Þ­¾ï','bytes','\Z','2024-12-31','112:30:00','01:02:03.456',2024,'{\"a\": [1, \"x\"]}','9f1c1f5e-5d0a-11ef-9f1c-000000000000'),
(1,00008,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'\0',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'9f1c1f5e-5d0a-11ef-9f1c-000000000001');
/*!40000 ALTER TABLE `plant` ENABLE KEYS */;
UNLOCK TABLES;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-29  1:47:26
